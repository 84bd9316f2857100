package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Network.Shape;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Images of 16x16 grey values and eight classes, of our own: a line, corner, zigzag, cross, triangle, square, circle or half a circle is
 * turned by any angle, stretched, moved, and drawn by a pen of random width and darkness over white noise, with a short line across that
 * belongs to no figure. A figure is its corners, joined one after the other.
 */
record Strokes() implements Generator.OfClasses {
    private static final int SIDE = 16;
    private static final int CIRCLE = 24;
    private static final double NOISE = 0.1;

    /** Lines of points, x and y in turn, within a circle of radius 1. */
    private static final double[][][] FIGURES = {
        {{-1, 0, 1, 0}},
        {{-0.7, 0.7, -0.7, -0.7, 0.7, -0.7}},
        {{-1, 0.5, -0.35, -0.5, 0.35, 0.5, 1, -0.5}},
        {{-1, 0, 1, 0}, {0, -1, 0, 1}},
        {{0, -1, 0.87, 0.5, -0.87, 0.5, 0, -1}},
        {{-0.75, -0.75, 0.75, -0.75, 0.75, 0.75, -0.75, 0.75, -0.75, -0.75}},
        {arc(CIRCLE)},
        {arc(CIRCLE / 2)}
    };

    private static double[] arc(int steps) {
        var points = new double[2 * (steps + 1)];
        for (int i = 0; i <= steps; i++) {
            points[2 * i] = StrictMath.cos(2 * StrictMath.PI * i / CIRCLE);
            points[2 * i + 1] = StrictMath.sin(2 * StrictMath.PI * i / CIRCLE);
        }
        return points;
    }

    @Override
    public Shape shape() {
        return Shape.image(1, SIDE, SIDE);
    }

    @Override
    public int classes() {
        return FIGURES.length;
    }

    @Override
    public void generate(int label, SplittableRandom random, float[] example) {
        Arrays.fill(example, 0);
        double pen = 0.8 + 0.8 * random.nextDouble();
        double darkness = 0.6 + 0.4 * random.nextDouble();
        var place = Place.draw(random, 0.65 + 0.25 * random.nextDouble());
        for (var line : FIGURES[label]) {
            draw(place.of(line), pen, darkness, example);
        }
        draw(Place.draw(random, 0.25).of(FIGURES[0][0]), pen, darkness * random.nextDouble(), example);
        for (int i = 0; i < example.length; i++) {
            example[i] += (float) (NOISE * Gaussian.draw(random));
        }
    }

    /** Where a figure comes to lie: a linear map and a shift, in pixels. */
    private record Place(double xx, double xy, double yx, double yy, double x, double y) {
        /** Turned, stretched by up to a quarter, and moved as far as it stays in the image. */
        static Place draw(SplittableRandom random, double size) {
            double angle = 2 * StrictMath.PI * random.nextDouble();
            double radius = size * SIDE / 2;
            double wide = radius * (0.75 + 0.25 * random.nextDouble());
            double room = SIDE / 2.0 - radius;
            return new Place(
                    wide * StrictMath.cos(angle),
                    -radius * StrictMath.sin(angle),
                    wide * StrictMath.sin(angle),
                    radius * StrictMath.cos(angle),
                    SIDE / 2.0 + room * (2 * random.nextDouble() - 1),
                    SIDE / 2.0 + room * (2 * random.nextDouble() - 1));
        }

        double[] of(double[] points) {
            var placed = new double[points.length];
            for (int i = 0; i < points.length; i += 2) {
                placed[i] = x + xx * points[i] + xy * points[i + 1];
                placed[i + 1] = y + yx * points[i] + yy * points[i + 1];
            }
            return placed;
        }
    }

    /** Darkens the pixels near a line; one that two strokes meet in keeps the darker. */
    private static void draw(double[] points, double pen, double darkness, float[] image) {
        for (int i = 0; i < image.length; i++) {
            int row = i / SIDE;
            double near = Double.POSITIVE_INFINITY;
            for (int from = 0; from + 3 < points.length; from += 2) {
                near = Math.min(near, distance(points, from, i % SIDE + 0.5, row + 0.5));
            }
            double covered = Math.clamp(pen / 2 + 0.5 - near, 0.0, 1.0);
            image[i] = Math.max(image[i], (float) (darkness * covered));
        }
    }

    /** From a point to the stroke between two corners. */
    private static double distance(double[] points, int from, double x, double y) {
        double right = points[from + 2] - points[from];
        double down = points[from + 3] - points[from + 1];
        double along = ((x - points[from]) * right + (y - points[from + 1]) * down) / (right * right + down * down);
        double part = Math.clamp(along, 0.0, 1.0);
        double dx = x - points[from] - part * right;
        double dy = y - points[from + 1] - part * down;
        return Math.sqrt(dx * dx + dy * dy);
    }
}
