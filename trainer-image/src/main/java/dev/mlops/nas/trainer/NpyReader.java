package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Targets.Labels;
import dev.mlops.nas.trainer.Targets.Numbers;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * Arrays as NumPy writes them: whole and floating-point numbers, in either byte order, row by row. Alone in a file (.npy), or by
 * name in an archive (.npz).
 */
final class NpyReader {
    private static final int LONGEST_HEADER = 1 << 20;
    private static final Pattern HEADER = Pattern.compile(
            ".*'descr': *'([<>|=])([buif])([1248])'.*'fortran_order': *(True|False).*'shape': *\\(([^)]*)\\).*");

    private final String name;
    private final DataInputStream in;
    private final ByteOrder order;
    private final char kind;
    private final int bytes;
    private final List<Integer> sides;

    private NpyReader(String name, InputStream stream) throws IOException {
        this.name = name;
        this.in = new DataInputStream(stream);
        var header = HEADER.matcher(header());
        if (!header.matches()) {
            throw TrialException.data("Data file %s is not a NumPy array of whole or floating-point numbers.", name);
        }
        this.order = header.group(1).equals(">") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
        this.kind = header.group(2).charAt(0);
        this.bytes = Integer.parseInt(header.group(3));
        this.sides = new ArrayList<>();
        for (var side : header.group(5).split(",", -1)) {
            if (!side.isBlank()) {
                sides.add(Integer.parseInt(side.strip()));
            }
        }
        if (header.group(4).equals("True") && sides.size() > 1) {
            throw TrialException.data(
                    "Data file %s is written column by column; write it with numpy.ascontiguousarray.", name);
        }
        if (kind == 'f' && bytes < 4) {
            throw TrialException.data(
                    "Data file %s holds 16-bit floating-point numbers; write it with astype(\"float32\").", name);
        }
    }

    private String header() throws IOException {
        var magic = new byte[6];
        if (in.readNBytes(magic, 0, 6) < 6
                || !Arrays.equals(magic, new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'})) {
            throw TrialException.data("Data file %s is not a NumPy array.", name);
        }
        int version = in.readUnsignedByte();
        in.readUnsignedByte();
        int length = version == 1
                ? Short.toUnsignedInt(Short.reverseBytes(in.readShort()))
                : Integer.reverseBytes(in.readInt());
        if (length < 0 || length > LONGEST_HEADER) {
            throw TrialException.data("Data file %s is not a NumPy array.", name);
        }
        return new String(in.readNBytes(length), StandardCharsets.UTF_8).strip();
    }

    /** Examples of a file: count x channels x height x width, without the channels where there is one, or in one row each. */
    static float[] images(DataFile file, Shape shape) throws IOException {
        try (var stream = file.open()) {
            return new NpyReader(file.name(), stream).images(shape);
        }
    }

    /** Labels or numbers of a file, for as many examples. */
    static Targets targets(DataFile file, DatasetRef dataset, int count) throws IOException {
        try (var stream = file.open()) {
            return new NpyReader(file.name(), stream).targets(dataset, count);
        }
    }

    /** The arrays x and y of an archive. */
    static Examples read(DataFile file, DatasetRef dataset) throws IOException {
        var shape = Shape.of(dataset.shape());
        try (var archive = new ZipFile(file.path().toFile())) {
            var features = array(archive, file, "x").images(shape);
            int count = features.length / shape.size();
            return new Examples(
                    file.name(),
                    shape,
                    features,
                    array(archive, file, "y").targets(dataset, count),
                    Categories.of(dataset.categorical()));
        }
    }

    private static NpyReader array(ZipFile archive, DataFile file, String name) throws IOException {
        var entry = archive.getEntry(name + ".npy");
        if (entry == null) {
            throw TrialException.data(
                    "Data file %s holds the arrays %s; it must hold x, the examples, and y, their labels or targets.",
                    file.name(),
                    archive.stream()
                            .map(ZipEntry::getName)
                            .map(n -> n.replaceFirst("\\.npy$", ""))
                            .sorted()
                            .toList());
        }
        return new NpyReader("%s, array %s".formatted(file.name(), name), archive.getInputStream(entry));
    }

    private float[] images(Shape shape) throws IOException {
        var example = sides.subList(Math.min(1, sides.size()), sides.size());
        var whole = List.of(shape.channels(), shape.height(), shape.width());
        boolean fits = example.equals(whole)
                || example.equals(List.of(shape.size()))
                || (shape.channels() == 1 && example.equals(whole.subList(1, 3)));
        if (!fits || sides.getFirst() < 1) {
            throw TrialException.data(
                    "Data file %s has the shape %s, but dataset.shape %s needs examples x %s.",
                    name, sides, shape, whole);
        }
        int pixels = shape.height() * shape.width();
        var features = new float[Math.multiplyExact(sides.getFirst(), shape.size())];
        for (int row = 0; row < sides.getFirst(); row++) {
            var values = numbers(shape.size());
            for (int i = 0; i < values.length; i++) {
                if (!Double.isFinite(values[i])) {
                    throw TrialException.data(
                            "Data file %s, example %d, value %d is %s; every value must be a finite number.",
                            name, row + 1, i + 1, values[i]);
                }
                features[row * shape.size() + (i % pixels) * shape.channels() + i / pixels] = (float) values[i];
            }
        }
        return features;
    }

    private Targets targets(DatasetRef dataset, int count) throws IOException {
        return dataset.targets() == null
                ? new Labels(dataset.classes(), labels(count))
                : new Numbers(dataset.targets(), values(dataset.targets(), count));
    }

    private float[] values(int columns, int count) throws IOException {
        boolean fits = sides.equals(List.of(count, columns)) || (columns == 1 && sides.equals(List.of(count)));
        if (!fits) {
            throw TrialException.data(
                    "Data file %s has the shape %s; with dataset.targets %d it must hold %d numbers for each of the %d examples.",
                    name, sides, columns, columns, count);
        }
        var values = new float[Math.multiplyExact(count, columns)];
        for (int row = 0; row < count; row++) {
            var numbers = numbers(columns);
            for (int i = 0; i < columns; i++) {
                if (!Double.isFinite(numbers[i])) {
                    throw TrialException.data(
                            "Data file %s, example %d: target %s is not a finite number.", name, row + 1, numbers[i]);
                }
                values[row * columns + i] = (float) numbers[i];
            }
        }
        return values;
    }

    private int[] labels(int count) throws IOException {
        boolean oneRow = sides.size() == 1 || (sides.size() == 2 && sides.get(1) == 1);
        if (!oneRow || sides.getFirst() != count) {
            throw TrialException.data(
                    "Data file %s has the shape %s; it must hold a label for each of the %d examples.",
                    name, sides, count);
        }
        var values = numbers(count);
        return IntStream.range(0, count)
                .map(i -> {
                    if (values[i] != Math.rint(values[i]) || Math.abs(values[i]) > Integer.MAX_VALUE) {
                        throw TrialException.data(
                                "Data file %s, example %d: label %s is not a whole number.", name, i + 1, values[i]);
                    }
                    return (int) values[i];
                })
                .toArray();
    }

    private double[] numbers(int count) throws IOException {
        var raw = in.readNBytes(Math.multiplyExact(count, bytes));
        if (raw.length < count * bytes) {
            throw new EOFException();
        }
        var buffer = ByteBuffer.wrap(raw).order(order);
        var numbers = new double[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = next(buffer);
        }
        return numbers;
    }

    private double next(ByteBuffer buffer) {
        boolean signed = kind == 'i';
        return switch (bytes) {
            case 1 -> signed ? buffer.get() : Byte.toUnsignedInt(buffer.get());
            case 2 -> signed ? buffer.getShort() : Short.toUnsignedInt(buffer.getShort());
            case 4 ->
                kind == 'f' ? buffer.getFloat() : signed ? buffer.getInt() : Integer.toUnsignedLong(buffer.getInt());
            default -> kind == 'f' ? buffer.getDouble() : buffer.getLong();
        };
    }
}
