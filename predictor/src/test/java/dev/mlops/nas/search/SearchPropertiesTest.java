package dev.mlops.nas.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mlops.nas.search.Experiment.Budget;
import dev.mlops.nas.search.Experiment.StrategyOptions;
import java.util.HashSet;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class SearchPropertiesTest {
    private static final List<StrategyOptions> STRATEGIES = List.of(
            new StrategyOptions.RandomSearch(),
            Laboratory.EVOLUTION,
            Laboratory.LOCAL_SEARCH,
            Laboratory.REINFORCE,
            Laboratory.predictor(5));

    @Property(tries = 40, seed = RandomSpaces.SEED)
    void anySearchInAnySpaceEndsAndTrainsNoArchitectureTwice(
            @ForAll @IntRange(min = 0, max = 10_000) int number,
            @ForAll @IntRange(min = 1, max = 5) int parallel,
            @ForAll @IntRange(min = 0, max = 99) int kind) {
        SearchSpace space = RandomSpaces.small(number);
        StrategyOptions strategy = STRATEGIES.get(kind % STRATEGIES.size());
        Experiment experiment = Laboratory.experiment(space, strategy, List.of(), new Budget(12, parallel, null, 3));
        var lab = new Laboratory(experiment, Laboratory.trainer(space), number);

        Plan end = lab.run();

        assertThat(end.phase()).isEqualTo(Plan.Phase.SUCCEEDED);
        var hashes = new HashSet<String>();
        assertThat(lab.requests(Purpose.WARM_UP, Purpose.SEARCH, Purpose.RANDOM_ARM))
                .allSatisfy(r -> {
                    assertThat(space.contains(r.genotype())).isTrue();
                    assertThat(hashes.add(space.architectureHash(r.genotype()))).isTrue();
                });
    }
}
