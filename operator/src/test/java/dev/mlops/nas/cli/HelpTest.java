package dev.mlops.nas.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class HelpTest {
    static Stream<CommandLine> commands() {
        return within(Nas.commandLine());
    }

    private static Stream<CommandLine> within(CommandLine command) {
        return Stream.concat(
                Stream.of(command),
                command.getSubcommands().values().stream().distinct().flatMap(HelpTest::within));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyCommandOptionAndParameterIsDescribedAndHasHelp(CommandLine command) {
        var spec = command.getCommandSpec();
        assertThat(spec.usageMessage().description()).as(spec.qualifiedName()).isNotEmpty();
        assertThat(spec.optionsMap()).as(spec.qualifiedName()).containsKey("--help");
        assertThat(spec.args())
                .allSatisfy(arg -> assertThat(arg.description())
                        .as(spec.qualifiedName() + " " + arg.paramLabel())
                        .isNotEmpty());
    }

    /** Picocli formats each text, and warns the reader of one that has a per cent sign of its own. */
    @ParameterizedTest
    @MethodSource("commands")
    void everyTextIsAFormatThatNeedsNoArguments(CommandLine command) {
        var usage = command.getCommandSpec().usageMessage();
        Stream.of(
                        Stream.of(usage.header(), usage.description(), usage.footer()),
                        command.getCommandSpec().args().stream().map(arg -> arg.description()))
                .flatMap(texts -> texts)
                .flatMap(Stream::of)
                .forEach(text -> assertThatCode(() -> text.formatted()).as(text).doesNotThrowAnyException());
    }
}
