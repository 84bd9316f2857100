package dev.mlops.nas.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.search.SpaceSummary;
import dev.mlops.nas.search.SpaceSummary.Architectures;
import dev.mlops.nas.search.SpaceSummary.AtMost;
import dev.mlops.nas.search.SpaceSummary.Counted;
import dev.mlops.nas.search.SpaceSummary.Estimated;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SpaceReportTest {
    @Test
    void theNumberOfArchitecturesComesWithWhatIsKnownOfIt() {
        assertThat(lines(new Counted(BigInteger.valueOf(5_260)), true)).contains("5,260 different ones, counted");
        assertThat(lines(new Estimated(419_052, 412_300, 425_800), true))
                .contains("about 419k different ones, estimated from draws (95 % interval 412k to 426k)")
                .containsPattern("draws +uniform over architectures");
        assertThat(lines(new Estimated(1.513e17, 1.4e17, 1.6e17), true))
                .contains("about 1.51e17 different ones")
                .contains("1.40e17 to");
        assertThat(lines(new AtMost(1.05e18), false))
                .contains("at most 1.05e18 different ones; how many more genotypes are alike is not known")
                .containsPattern("draws +uniform over genotypes: architectures with more of them are drawn more often");
    }

    @Test
    void scriptsGetTheSame() {
        assertThat(SpaceReport.document("a chain", summary(new Estimated(20, 10, 30), true)))
                .containsEntry("architectures", Map.of("estimated", 20.0, "interval", List.of(10.0, 30.0)))
                .containsEntry("draws", "architectures");
        assertThat(SpaceReport.document("motifs", summary(new AtMost(20), false)))
                .containsEntry("architectures", Map.of("atMost", 20.0))
                .containsEntry("draws", "genotypes");
    }

    private static String lines(Architectures architectures, boolean uniform) {
        return String.join("\n", SpaceReport.lines("a chain", summary(architectures, uniform), List.of()));
    }

    private static SpaceSummary summary(Architectures architectures, boolean uniform) {
        return new SpaceSummary(BigInteger.TEN, architectures, uniform, List.of(), Map.of(), 1, List.of(), List.of());
    }
}
