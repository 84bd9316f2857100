package dev.mlops.nas.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FiguresTest {
    @Test
    void countsHaveThreeDigitsAndAUnit() {
        assertThat(Figures.count(950)).isEqualTo("950");
        assertThat(Figures.count(45_210)).isEqualTo("45.2k");
        assertThat(Figures.count(2_130_000)).isEqualTo("2.13M");
    }

    @Test
    void durationsHaveTwoUnitsAtMost() {
        assertThat(Figures.duration(7.31)).isEqualTo("7.3 s");
        assertThat(Figures.duration(59.2)).isEqualTo("59 s");
        assertThat(Figures.duration(291)).isEqualTo("4 min 51 s");
        assertThat(Figures.duration(11_100)).isEqualTo("3 h 5 min");
    }

    @Test
    void millisecondsTellSmallNetworksApart() {
        assertThat(Figures.milliseconds(12.345)).isEqualTo("12.3 ms");
        assertThat(Figures.milliseconds(0.478)).isEqualTo("0.48 ms");
        assertThat(Figures.milliseconds(0.04779)).isEqualTo("0.048 ms");
        assertThat(Figures.milliseconds(0.0042)).isEqualTo("0.0042 ms");
        assertThat(Figures.milliseconds(0.0997)).isEqualTo("0.10 ms");
        assertThat(Figures.cost("exportedLatencyMs", 0.05)).isEqualTo("0.05 ms");
        assertThat(Figures.cost("modelBytes", 45_210)).isEqualTo("45.2k");
    }

    @Test
    void whatIsUnknownIsADash() {
        assertThat(Figures.score(Double.NaN)).isEqualTo("–");
        assertThat(Figures.interval(0.5, Double.NaN)).isEqualTo("–");
        assertThat(Figures.milliseconds(Double.NaN)).isEqualTo("–");
    }
}
