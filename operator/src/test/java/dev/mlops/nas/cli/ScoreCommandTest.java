package dev.mlops.nas.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScoreCommandTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            nowhere.yaml                            | nowhere.yaml
            ../examples/digits.yaml --samples -1    | --samples is -1: give 0 to 10000
            ../examples/digits.yaml --samples 10001 | --samples is 10001: give 0 to 10000
            ../examples/digits.yaml --shared-epochs 0 | --shared-epochs is 0: give 1 to 10000
            ../examples/digits.yaml --trainer /no/such/trainer | the trainer "/no/such/trainer" cannot be started
            """)
    void badInputIsOneSentenceAndExitCodeTwo(String words, String sentence) {
        var out = new StringWriter();
        var err = new StringWriter();

        int code = Nas.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err, true))
                .execute(("score " + words).split(" +"));

        assertThat(code).isEqualTo(2);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString()).startsWith("nas score: ").contains(sentence).hasLineCount(1);
    }
}
