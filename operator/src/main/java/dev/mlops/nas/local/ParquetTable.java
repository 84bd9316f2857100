package dev.mlops.nas.local;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Writes a table of whole numbers as the smallest Parquet file that holds it: one group of rows, a page for each column, neither packed
 * nor empty cells. Headers are in Thrift's compact protocol, by Apache's format description ({@code parquet.thrift}), whose field
 * numbers stand in the calls.
 */
final class ParquetTable {
    private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);
    private static final int INT32 = 1;
    private static final int PLAIN = 0;
    private static final int RLE = 3;
    private static final int REQUIRED = 0;

    private final List<int[]> columns;
    private final int rows;
    private final ByteArrayOutputStream file = new ByteArrayOutputStream();
    private final long[] pages;

    private ParquetTable(List<int[]> columns) {
        this.columns = columns;
        this.rows = columns.getFirst().length;
        this.pages = new long[columns.size()];
    }

    /**
     * Writes columns called c0, c1 and so on.
     *
     * @param columns at least one, all as long
     */
    static void write(Path path, List<int[]> columns) throws IOException {
        Files.write(path, new ParquetTable(columns).bytes());
    }

    private byte[] bytes() {
        file.writeBytes(MAGIC);
        for (int c = 0; c < pages.length; c++) {
            pages[c] = file.size();
            file.writeBytes(page().end());
            IntStream.of(columns.get(c)).forEach(this::littleEndian);
        }
        byte[] footer = footer().end();
        file.writeBytes(footer);
        littleEndian(footer.length);
        file.writeBytes(MAGIC);
        return file.toByteArray();
    }

    private void littleEndian(int value) {
        for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
            file.write(value >>> shift);
        }
    }

    /** PageHeader with a DataPageHeader. */
    private Thrift page() {
        int bytes = rows * Integer.BYTES;
        Thrift data = new Thrift().i32(1, rows).i32(2, PLAIN).i32(3, RLE).i32(4, RLE);
        return new Thrift().i32(1, 0).i32(2, bytes).i32(3, bytes).struct(5, data);
    }

    /** FileMetaData: version, schema, rows and their only group. */
    private Thrift footer() {
        Thrift footer = new Thrift().i32(1, 1).list(2, Thrift.STRUCT, pages.length + 1);
        footer.element(new Thrift().text(4, "schema").i32(5, pages.length));
        for (int c = 0; c < pages.length; c++) {
            footer.element(new Thrift().i32(1, INT32).i32(3, REQUIRED).text(4, "c" + c));
        }
        footer.i64(3, rows).list(4, Thrift.STRUCT, 1);
        Thrift group = new Thrift().list(1, Thrift.STRUCT, pages.length);
        for (int c = 0; c < pages.length; c++) {
            group.element(new Thrift().i64(2, pages[c]).struct(3, column(c)));
        }
        return footer.element(group.i64(2, bytesOf(pages.length)).i64(3, rows));
    }

    /** ColumnMetaData. */
    private Thrift column(int c) {
        Thrift column = new Thrift().i32(1, INT32).list(2, Thrift.I32, 1).number(PLAIN);
        column.list(3, Thrift.BINARY, 1).word("c" + c).i32(4, 0).i64(5, rows);
        return column.i64(6, bytesOf(1)).i64(7, bytesOf(1)).i64(9, pages[c]);
    }

    /** Of pages with their headers, all of which have the same length. */
    private long bytesOf(int count) {
        return (long) count * (page().end().length + rows * Integer.BYTES);
    }

    /** A struct of Thrift's compact protocol, field by field. */
    private static final class Thrift {
        private static final int I32 = 5;
        private static final int I64 = 6;
        private static final int BINARY = 8;
        private static final int LIST = 9;
        private static final int STRUCT = 12;

        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private int last;

        /** Field numbers are written as the distance to the one before. */
        private Thrift field(int id, int type) {
            bytes.write(16 * (id - last) + type);
            last = id;
            return this;
        }

        private Thrift i32(int id, long value) {
            return field(id, I32).number(value);
        }

        private Thrift i64(int id, long value) {
            return field(id, I64).number(value);
        }

        private Thrift text(int id, String text) {
            return field(id, BINARY).word(text);
        }

        private Thrift struct(int id, Thrift struct) {
            return field(id, STRUCT).element(struct);
        }

        private Thrift list(int id, int type, int size) {
            field(id, LIST);
            bytes.write(16 * Math.min(size, 15) + type);
            return size < 15 ? this : unsigned(size);
        }

        /** The lowest bit is the sign's; there are no negative numbers here. */
        private Thrift number(long value) {
            return unsigned(2 * value);
        }

        private Thrift word(String text) {
            unsigned(text.length());
            bytes.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
            return this;
        }

        private Thrift element(Thrift struct) {
            bytes.writeBytes(struct.end());
            return this;
        }

        private Thrift unsigned(long value) {
            long rest = value;
            for (; rest > 0x7f; rest >>>= 7) {
                bytes.write((int) (rest & 0x7f) + 0x80);
            }
            bytes.write((int) rest);
            return this;
        }

        /** All of it, with the mark of its end. */
        private byte[] end() {
            bytes.write(0);
            return bytes.toByteArray();
        }
    }
}
