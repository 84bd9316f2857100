package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Targets.Labels;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/**
 * PNG and JPEG images in a folder for each class; label 0 is the first folder by name. One channel is the luminance, three are red,
 * green and blue, from 0 to 255; transparency is ignored.
 */
final class ImageFolderReader {
    private static final Set<String> ENDINGS = Set.of("png", "jpg", "jpeg");

    private final Path folder;
    private final Shape shape;

    private ImageFolderReader(Path folder, Shape shape) {
        this.folder = folder;
        this.shape = shape;
    }

    static Examples read(Path folder, Shape shape, int classes) throws IOException {
        if (shape.channels() != 1 && shape.channels() != 3) {
            throw TrialException.data("dataset.shape %s has %d channels; images have 1 or 3.", shape, shape.channels());
        }
        return new ImageFolderReader(folder, shape).read(classes);
    }

    private Examples read(int classes) throws IOException {
        var folders = list(folder, Files::isDirectory);
        if (folders.size() != classes) {
            throw TrialException.data(
                    "Data folder %s has %d folders, but dataset.classes is %d; each class needs one.",
                    folder.getFileName(), folders.size(), classes);
        }
        var images = new ArrayList<Path>();
        var labels = new ArrayList<Integer>();
        for (int label = 0; label < classes; label++) {
            for (var image : list(folders.get(label), ImageFolderReader::isImage)) {
                images.add(image);
                labels.add(label);
            }
        }
        var features = new float[Math.multiplyExact(images.size(), shape.size())];
        for (int i = 0; i < images.size(); i++) {
            copy(images.get(i), features, i * shape.size());
        }
        return new Examples(
                String.valueOf(folder.getFileName()),
                shape,
                features,
                new Labels(classes, labels.stream().mapToInt(Integer::intValue).toArray()));
    }

    private static List<Path> list(Path folder, Predicate<Path> wanted) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> !f.getFileName().toString().startsWith("."))
                    .filter(wanted)
                    .sorted()
                    .toList();
        }
    }

    private static boolean isImage(Path file) {
        var name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        return ENDINGS.contains(name.substring(name.lastIndexOf('.') + 1));
    }

    private void copy(Path file, float[] features, int start) {
        var image = image(file);
        if (image.getWidth() != shape.width() || image.getHeight() != shape.height()) {
            throw TrialException.data(
                    "Data file %s is %d pixels high and %d wide, but dataset.shape is %s.",
                    folder.relativize(file), image.getHeight(), image.getWidth(), shape);
        }
        boolean grey = image.getRaster().getNumBands() == 1
                && image.getSampleModel().getSampleSize(0) == 8
                && image.getType() == BufferedImage.TYPE_BYTE_GRAY;
        for (int i = 0; i < shape.height() * shape.width(); i++) {
            int x = i % shape.width();
            int y = i / shape.width();
            if (shape.channels() == 1) {
                features[start + i] = grey ? image.getRaster().getSample(x, y, 0) : luminance(image.getRGB(x, y));
            } else {
                int color = image.getRGB(x, y);
                features[start + 3 * i] = (color >> 16) & 0xff;
                features[start + 3 * i + 1] = (color >> 8) & 0xff;
                features[start + 3 * i + 2] = color & 0xff;
            }
        }
    }

    private BufferedImage image(Path file) {
        try {
            var image = ImageIO.read(file.toFile());
            if (image != null) {
                return image;
            }
        } catch (IOException | RuntimeException e) {
            // ImageIO throws whatever its decoders stumble over; the sentence below says what matters.
        }
        throw TrialException.data("Data file %s cannot be read as a PNG or JPEG image.", folder.relativize(file));
    }

    /** ITU-R BT.601, as common tools convert to grey. */
    private static float luminance(int color) {
        return 0.299f * ((color >> 16) & 0xff) + 0.587f * ((color >> 8) & 0xff) + 0.114f * (color & 0xff);
    }
}
