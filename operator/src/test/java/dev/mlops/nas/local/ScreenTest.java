package dev.mlops.nas.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.local.Screen.Span;
import dev.mlops.nas.local.Screen.Style;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScreenTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private final PrintStream stream = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    @Test
    void aLineIsCutToTheWidthWithoutCuttingAnEscapeCode() {
        var screen = new Screen(stream, true, true);
        assertThat(screen.render(List.of(new Span("abcdef", Style.GREEN), Span.plain("ghij")), 8))
                .isEqualTo("\033[32mabcdef\033[0mg…");
        assertThat(screen.render(List.of(Span.plain("abc")), 3)).isEqualTo("abc");
    }

    @Test
    void withoutATerminalOnlyLinesThatStayAreWritten() {
        var screen = new Screen(stream, false, true);
        screen.draw(List.of(List.of(new Span("bar", Style.CYAN))));
        screen.print("trial done");
        assertThat(bytes.toString(StandardCharsets.UTF_8)).isEqualTo("trial done\n");
    }

    @Test
    void linesAreRedrawnOnlyWhenTheyChangeAndStayBelowThoseThatAreKept() {
        var screen = new Screen(stream, true, false);
        screen.draw(List.of(List.of(Span.plain("1/9"))));
        screen.draw(List.of(List.of(Span.plain("1/9"))));
        screen.print("failed");
        screen.draw(List.of(List.of(Span.plain("2/9"))));
        screen.clear();
        assertThat(bytes.toString(StandardCharsets.UTF_8))
                .isEqualTo("1/9\n\033[1A\r\033[Jfailed\n1/9\n\033[1A\r\033[J2/9\n\033[1A\r\033[J");
    }

    @Test
    void withoutColourNoStyleIsWritten() {
        assertThat(new Screen(stream, true, false).styled("best", Style.GREEN)).isEqualTo("best");
    }
}
