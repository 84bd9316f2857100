package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Targets.Labels;
import dev.mlops.nas.trainer.Targets.Numbers;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The IDX format of MNIST: a magic number with element type and rank, the sides, then the elements, big-endian. */
final class IdxReader {
    private static final int UNSIGNED_BYTE = 0x08;
    private static final int FLOAT = 0x0d;

    private IdxReader() {}

    /** Images, channels last; the file holds count x [channels x] height x width, or any sides with that product. */
    static float[] images(DataFile file, Shape shape) throws IOException {
        try (var in = new DataInputStream(file.open())) {
            var header = Header.read(file, in);
            long perExample =
                    header.sides.stream().skip(1).mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
            if (perExample != shape.size()) {
                throw TrialException.data(
                        "Data file %s has %d values per example, but shape %s needs %d.",
                        file.name(), perExample, shape, shape.size());
            }
            int pixels = shape.height() * shape.width();
            var features = new float[Math.multiplyExact(header.sides.getFirst(), shape.size())];
            var bytes = new byte[shape.size()];
            for (int example = 0; example < header.sides.getFirst(); example++) {
                if (header.type == UNSIGNED_BYTE) {
                    in.readFully(bytes);
                }
                for (int value = 0; value < shape.size(); value++) {
                    int to = example * shape.size() + (value % pixels) * shape.channels() + value / pixels;
                    features[to] = header.type == UNSIGNED_BYTE ? bytes[value] & 0xff : in.readFloat();
                    if (!Float.isFinite(features[to])) {
                        throw TrialException.data(
                                "Data file %s, example %d, value %d is %s; every value must be a finite number.",
                                file.name(), example + 1, value + 1, features[to]);
                    }
                }
            }
            return features;
        }
    }

    /** Labels as unsigned bytes, or numbers as floats, for as many examples as there are images. */
    static Targets targets(DataFile file, DatasetRef dataset, int images, String imageFile) throws IOException {
        return dataset.targets() == null
                ? new Labels(dataset.classes(), labels(file, images, imageFile))
                : new Numbers(dataset.targets(), numbers(file, dataset.targets(), images, imageFile));
    }

    private static int[] labels(DataFile file, int images, String imageFile) throws IOException {
        try (var in = new DataInputStream(file.open())) {
            var header = Header.read(file, in);
            if (header.sides.size() != 1 || header.type != UNSIGNED_BYTE) {
                throw TrialException.data("Label file %s must hold one row of unsigned bytes.", file.name());
            }
            header.refuseAnotherCount(file, images, imageFile);
            var bytes = new byte[images];
            in.readFully(bytes);
            var labels = new int[images];
            for (int i = 0; i < images; i++) {
                labels[i] = bytes[i] & 0xff;
            }
            return labels;
        }
    }

    private static float[] numbers(DataFile file, int columns, int images, String imageFile) throws IOException {
        try (var in = new DataInputStream(file.open())) {
            var header = Header.read(file, in);
            boolean fits = header.sides.size() == 2
                    ? header.sides.get(1) == columns
                    : header.sides.size() == 1 && columns == 1;
            if (!fits || header.type != FLOAT) {
                throw TrialException.data(
                        "Label file %s must hold %d float(s) for each example, as dataset.targets says.",
                        file.name(), columns);
            }
            header.refuseAnotherCount(file, images, imageFile);
            var values = new float[Math.multiplyExact(images, columns)];
            for (int i = 0; i < values.length; i++) {
                values[i] = in.readFloat();
                if (!Float.isFinite(values[i])) {
                    throw TrialException.data(
                            "Label file %s, example %d: target %s is not a finite number.",
                            file.name(), i / columns + 1, values[i]);
                }
            }
            return values;
        }
    }

    private record Header(int type, List<Integer> sides) {
        void refuseAnotherCount(DataFile file, int images, String imageFile) {
            if (sides.getFirst() != images) {
                throw TrialException.data(
                        "Label file %s has %d labels, but %s has %d images.",
                        file.name(), sides.getFirst(), imageFile, images);
            }
        }

        static Header read(DataFile file, DataInputStream in) throws IOException {
            int magic = in.readInt();
            int type = (magic >> 8) & 0xff;
            int rank = magic & 0xff;
            if (magic >>> 16 != 0 || rank < 1 || rank > 4 || (type != UNSIGNED_BYTE && type != FLOAT)) {
                throw TrialException.data(
                        "Data file %s is not an IDX file of unsigned bytes or floats with 1 to 4 sides.", file.name());
            }
            var sides = new ArrayList<Integer>();
            for (int i = 0; i < rank; i++) {
                sides.add(in.readInt());
                if (sides.getLast() < 1) {
                    throw TrialException.data("Data file %s has a side of length %d.", file.name(), sides.getLast());
                }
            }
            return new Header(type, sides);
        }
    }
}
