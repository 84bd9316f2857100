package dev.mlops.nas.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class BenchTrainerCommandTest {
    @Test
    void badInputIsOneSentenceAndExitCodeTwo() {
        refuses("--preset is lenet: give small-cnn, nb101-cell, nb201-cell", "--preset", "lenet");
        refuses("--threads is 0: give 1 or more", "--threads", "0");
        refuses("--batch is 0: give 1 or more", "--batch", "0");
        refuses(
                "--json is /no/such/folder/out.json, whose folder does not exist",
                "--json",
                "/no/such/folder/out.json");
    }

    private static void refuses(String sentence, String... options) {
        var err = new StringWriter();
        String[] all = new String[options.length + 2];
        all[0] = "bench";
        all[1] = "trainer";
        System.arraycopy(options, 0, all, 2, options.length);
        int code = Nas.commandLine().setErr(new PrintWriter(err, true)).execute(all);
        assertThat(err.toString()).contains(sentence).hasLineCount(1);
        assertThat(code).isEqualTo(2);
    }
}
