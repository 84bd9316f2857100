package dev.mlops.nas.local;

import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The terminal: lines that stay, and below them lines that are redrawn in place. Plain ANSI; where the stream is no terminal,
 * lines that stay are all there is.
 */
final class Screen {
    /** A piece of a line in one style. */
    record Span(String text, Style style) {
        static Span plain(String text) {
            return new Span(text, Style.PLAIN);
        }
    }

    /** Styles, as ANSI codes. */
    enum Style {
        PLAIN(""),
        BOLD("1"),
        DIM("2"),
        GREEN("32"),
        YELLOW("33"),
        CYAN("36");

        private final String code;

        Style(String code) {
            this.code = code;
        }
    }

    private static final int DEFAULT_WIDTH = 80;

    private static final Duration WIDTH_AGE = Duration.ofSeconds(2);

    private final PrintStream out;
    private final boolean terminal;
    private final boolean colour;
    private List<String> drawn = List.of();
    private int width = DEFAULT_WIDTH;
    private long widthAt;

    Screen(PrintStream out, boolean terminal, boolean colour) {
        this.out = out;
        this.terminal = terminal;
        this.colour = colour && terminal;
    }

    /** Standard output (1) or standard error (2), looked at once. */
    static Screen of(int descriptor) {
        PrintStream stream = new PrintStream(
                new java.io.FileOutputStream(descriptor == 1 ? java.io.FileDescriptor.out : java.io.FileDescriptor.err),
                false,
                StandardCharsets.UTF_8);
        boolean terminal = isTerminal(descriptor) && !"dumb".equals(System.getenv("TERM"));
        String noColour = System.getenv("NO_COLOR");
        return new Screen(stream, terminal, noColour == null || noColour.isEmpty());
    }

    boolean isTerminal() {
        return terminal;
    }

    boolean hasColour() {
        return colour;
    }

    /** Columns; looked up again now and then, for windows that change. */
    int width() {
        long now = System.nanoTime();
        if (terminal && (widthAt == 0 || now - widthAt > WIDTH_AGE.toNanos())) {
            width = lookUpWidth(width);
            widthAt = now;
        }
        return width;
    }

    /** A line that stays. */
    synchronized void print(String line) {
        var text = new StringBuilder(erased());
        text.append(line).append('\n');
        drawn.forEach(l -> text.append(l).append('\n'));
        out.print(text);
        out.flush();
    }

    /** Replaces the lines at the bottom; nothing happens where they stay the same or there is no terminal. */
    synchronized void draw(List<List<Span>> lines) {
        if (!terminal) {
            return;
        }
        int columns = Math.max(width() - 1, 10);
        List<String> next = lines.stream().map(l -> render(l, columns)).toList();
        if (next.equals(drawn)) {
            return;
        }
        var text = new StringBuilder(erased());
        next.forEach(l -> text.append(l).append('\n'));
        out.print(text);
        out.flush();
        drawn = next;
    }

    /** Takes the lines at the bottom away. */
    synchronized void clear() {
        out.print(erased());
        out.flush();
        drawn = List.of();
    }

    private String erased() {
        return drawn.isEmpty() ? "" : "\033[" + drawn.size() + "A\r\033[J";
    }

    /** One line with its styles, cut to the width. */
    String render(List<Span> spans, int columns) {
        var kept = new ArrayList<Span>();
        int length = spans.stream().mapToInt(s -> s.text().length()).sum();
        int room = length > columns ? columns - 1 : columns;
        for (Span span : spans) {
            String text = span.text().substring(0, Math.min(span.text().length(), room));
            kept.add(new Span(text, span.style()));
            room -= text.length();
        }
        if (length > columns) {
            kept.add(Span.plain("…"));
        }
        var line = new StringBuilder();
        for (Span span : kept) {
            line.append(styled(span.text(), span.style()));
        }
        return line.toString();
    }

    /** The text in a style, where there is colour. */
    String styled(String text, Style style) {
        return colour && style != Style.PLAIN && !text.isEmpty() ? "\033[" + style.code + "m" + text + "\033[0m" : text;
    }

    private static boolean isTerminal(int descriptor) {
        var builder = new ProcessBuilder("test", "-t", Integer.toString(descriptor));
        builder.redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
        builder.redirectOutput(descriptor == 1 ? ProcessBuilder.Redirect.INHERIT : ProcessBuilder.Redirect.DISCARD);
        builder.redirectError(descriptor == 2 ? ProcessBuilder.Redirect.INHERIT : ProcessBuilder.Redirect.DISCARD);
        try {
            Process process = builder.start();
            return process.waitFor(2, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static int lookUpWidth(int otherwise) {
        var builder = new ProcessBuilder("stty", "size");
        builder.redirectInput(ProcessBuilder.Redirect.from(new File("/dev/tty")));
        builder.redirectError(ProcessBuilder.Redirect.DISCARD);
        try {
            Process process = builder.start();
            String size = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
            return size.matches("\\d+ [1-9]\\d*") ? Integer.parseInt(size.split(" ", 2)[1]) : otherwise;
        } catch (IOException e) {
            return otherwise;
        }
    }
}
