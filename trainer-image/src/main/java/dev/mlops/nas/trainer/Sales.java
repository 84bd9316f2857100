package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.Categorical;
import dev.mlops.nas.trainer.Network.Shape;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A table of a chain of stores and how much they sell, of our own making after the data of Guo and Berkhahn (2016): columns 0 to 2 are
 * store, product and day of the week as codes that tell nothing by their order, 3 is the price, 4 the temperature, and 5 says nothing.
 * A store has a level, a day suits some products and not others, a price keeps buyers away more from one product than from another,
 * and noise has a deviation of 1, so that no root mean squared error is below 1.
 */
final class Sales implements Generator.OfNumbers {
    private static final int STORES = 40;
    private static final int PRODUCTS = 12;
    private static final int DAYS = 7;
    private static final int COLUMNS = 6;

    private final double[] levels = new double[STORES];
    private final double[][] kinds = new double[PRODUCTS][3];
    private final double[][] moods = new double[DAYS][2];

    /** The same stores, products and days for all examples of all seeds. */
    Sales() {
        var random = new SplittableRandom(2016);
        for (int store = 0; store < STORES; store++) {
            levels[store] = 3 * Gaussian.draw(random);
        }
        for (var kind : kinds) {
            kind[0] = 2 * Gaussian.draw(random);
            kind[1] = 2 * Gaussian.draw(random);
            kind[2] = random.nextDouble(0, 4);
        }
        for (var mood : moods) {
            mood[0] = Gaussian.draw(random);
            mood[1] = Gaussian.draw(random);
        }
    }

    @Override
    public Shape shape() {
        return Shape.image(COLUMNS, 1, 1);
    }

    @Override
    public List<Categorical> categorical() {
        return List.of(
                new Categorical(0, STORES, null), new Categorical(1, PRODUCTS, null), new Categorical(2, DAYS, null));
    }

    @Override
    public double generate(SplittableRandom random, float[] example) {
        int store = random.nextInt(STORES);
        int product = random.nextInt(PRODUCTS);
        int day = random.nextInt(DAYS);
        example[0] = store;
        example[1] = product;
        example[2] = day;
        for (int column = 3; column < COLUMNS; column++) {
            example[column] = (float) Gaussian.draw(random);
        }
        double suits = kinds[product][0] * moods[day][0] + kinds[product][1] * moods[day][1];
        return 20 + levels[store] + suits - kinds[product][2] * example[3] + example[4] + Gaussian.draw(random);
    }
}
