package dev.mlops.nas.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpaceCommandTest {
    @TempDir
    private Path folder;

    private Path file;

    private record Ended(int code, String out, String err) {}

    @BeforeEach
    void writeSpace() throws IOException {
        file = Files.writeString(folder.resolve("space.yaml"), """
                dataset: {shape: [1, 8, 8], classes: 3}
                searchSpace:
                  chain:
                    stages:
                    - {name: s1, depth: [0, 1], width: [4, 8]}
                  references:
                  - {name: mine, decisions: {s1.depth: "1", s1.width: "8"}}
                """);
    }

    @Test
    void aPersonSeesSizeDecisionsCostsDrawsAndReferences() throws IOException {
        Path svg = folder.resolve("mine.svg");
        Path dot = folder.resolve("draw.dot");

        Ended ended = space("--svg", svg.toString());

        assertThat(ended.err()).isEmpty();
        assertThat(ended.code()).isZero();
        assertThat(ended.out())
                .contains("chain for examples of 1x8x8 and 3 classes")
                .containsPattern("genotypes +3\n")
                .contains("3 different ones, counted")
                .containsPattern("s1.width +4, 8  ?\\(where s1.depth 1\\)")
                .containsPattern("parameters +2\\d\\d +\\d+ +1.\\d\\dk")
                .containsPattern("draw 3 +.* MACs, .*sha256-[0-9a-f]{16}")
                .containsPattern("mine .* params")
                .contains("s1.depth 1, s1.width 8")
                .contains("mine is drawn in " + svg);
        assertThat(Files.readString(svg)).startsWith("<svg").contains("conv 3×3, 8");
        assertThat(space("--dot", dot.toString(), "--architecture", "2").out()).contains("2 is drawn in " + dot);
        assertThat(Files.readString(dot)).startsWith("digraph");
    }

    @Test
    void aScriptGetsOneDocument() throws IOException {
        JsonNode document =
                new ObjectMapper().readTree(space("--json", "--examples", "5").out());

        assertThat(document.get("genotypes").intValue()).isEqualTo(3);
        assertThat(document.at("/architectures/counted").intValue()).isEqualTo(3);
        assertThat(document.at("/decisions/1/needs").textValue()).isEqualTo("s1.depth 1");
        assertThat(document.at("/costs/params/least").intValue()).isPositive();
        assertThat(document.get("examples")).hasSize(5);
        assertThat(document.at("/references/0/decisions/s1.width").textValue()).isEqualTo("8");
    }

    @Test
    void badInputIsOneSentenceAndExitCodeTwo() throws IOException {
        refuses("--architecture is \"yours\": give one of mine, 1, 2, 3", "--architecture", "yours");
        refuses("--examples is 0: give 1 to 1000", "--examples", "0");
        refuses(
                "--svg: " + folder.resolve("no/a.svg") + " cannot be written",
                "--svg",
                folder.resolve("no/a.svg") + "");
        assertThat(space("--svgs").err())
                .startsWith("nas space: Unknown option: '--svgs' (nas space --help lists what it takes)\n")
                .contains("--svg")
                .doesNotContain("Usage");
        Files.writeString(file, Files.readString(file).replace("\"8\"", "\"9\""));
        refuses("spec.searchSpace.references[0].decisions: reference mine: decision s1.width is \"9\"");
    }

    @Test
    void limitsThatNothingKeepsAreRefusedAsARunRefusesThem() throws IOException {
        Files.writeString(file, """
                apiVersion: nas.mlops.dev/v1alpha1
                kind: NasExperiment
                metadata: {name: tight}
                spec:
                  dataset: {uri: digits.csv, shape: [1, 8, 8], classes: 10}
                  searchSpace: {preset: nb201-cell}
                  constraints: [{metric: params, max: 10}]
                """);
        refuses("constraints[0].max allows at most 10 params, but the smallest value in the search space is 7");
    }

    private void refuses(String sentence, String... options) {
        Ended ended = space(options);
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.out()).isEmpty();
        assertThat(ended.err()).startsWith("nas space: ").contains(sentence).hasLineCount(1);
    }

    private Ended space(String... options) {
        var out = new StringWriter();
        var err = new StringWriter();
        var arguments = new ArrayList<>(List.of("space", file.toString()));
        arguments.addAll(List.of(options));
        int code = Nas.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments.toArray(String[]::new));
        return new Ended(code, out.toString(), err.toString());
    }
}
