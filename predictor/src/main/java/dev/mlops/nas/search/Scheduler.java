package dev.mlops.nas.search;

import dev.mlops.nas.search.Ledger.Contender;
import dev.mlops.nas.search.Ledger.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Decides how far architectures are trained: where a new one starts, and which finished trainings go on to the next rung. A
 * function of the search so far. Between two rungs the part that goes on is the inverse of their epochs, so that every rung costs
 * the same; only results of one rung are compared, and only those within all limits go on.
 */
sealed interface Scheduler {
    /** A finished training and the epochs that it is to reach. */
    record Promotion(Entry from, int epochs) {}

    /** Says who should go on first. What it says may change as results come in. */
    @FunctionalInterface
    interface Ranking {
        /**
         * Those within all limits, the best first.
         *
         * @param finished trainings of one rung
         * @param next epochs of the rung above it
         */
        List<Entry> of(List<Entry> finished, int next);
    }

    /**
     * Epochs of a new architecture.
     *
     * @param index in the order in which the search starts architectures, from 0
     */
    int start(int index);

    /**
     * Trainings that go on now, in the order to start them.
     *
     * @param contenders of the search
     * @param closed whether no further architecture will be started
     */
    List<Promotion> promotions(List<Contender> contenders, boolean closed);

    /** The scheduler of an experiment. */
    static Scheduler of(Experiment experiment, Ranking ranking) {
        List<Integer> rungs = experiment.fidelity().rungs();
        int trials = experiment.budget().trials();
        return switch (experiment.fidelity().scheduler()) {
            case NONE -> new Single(rungs.getLast());
            case SUCCESSIVE_HALVING -> new Halving(rungs, List.of(new Bracket(0, trials, 0)), ranking);
            case HYPERBAND -> new Halving(rungs, hyperband(rungs, trials), ranking);
            case ASHA -> new Asha(rungs, ranking);
        };
    }

    /** How many of so many trainings go on from a rung. */
    private static int quota(int trainings, List<Integer> rungs, int rung) {
        return (int) ((long) trainings * rungs.get(rung) / rungs.get(rung + 1));
    }

    /** Every architecture is trained once. */
    record Single(int epochs) implements Scheduler {
        @Override
        public int start(int index) {
            return epochs;
        }

        @Override
        public List<Promotion> promotions(List<Contender> contenders, boolean closed) {
            return List.of();
        }
    }

    /** Architectures that are compared with each other: the first one's index, how many, the rung where they start. */
    record Bracket(int first, int size, int rung) {}

    /**
     * The brackets of Hyperband (Li et al., "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization", JMLR 2018):
     * from many architectures with few epochs to few with all, again and again until the budget's architectures are spread.
     */
    private static List<Bracket> hyperband(List<Integer> rungs, int trials) {
        List<Bracket> brackets = new ArrayList<>();
        int first = 0;
        while (first < trials) {
            for (int rung = 0; rung < rungs.size() && first < trials; rung++) {
                int kinds = rungs.size();
                double reduction = (double) rungs.getLast() / rungs.get(rung);
                int size = Math.min((int) StrictMath.ceil(kinds * reduction / (kinds - rung)), trials - first);
                brackets.add(new Bracket(first, size, rung));
                first += size;
            }
        }
        return brackets;
    }

    /**
     * Successive halving (Jamieson &amp; Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization",
     * AISTATS 2016): when all architectures of a bracket have finished a rung, its best go on.
     */
    record Halving(List<Integer> rungs, List<Bracket> brackets, Ranking ranking) implements Scheduler {
        @Override
        public int start(int index) {
            Bracket bracket = brackets.stream()
                    .filter(b -> index < b.first() + b.size())
                    .findFirst()
                    .orElse(brackets.getLast());
            return rungs.get(bracket.rung());
        }

        @Override
        public List<Promotion> promotions(List<Contender> contenders, boolean closed) {
            List<Promotion> promotions = new ArrayList<>();
            for (Bracket bracket : brackets) {
                int end = Math.min(bracket.first() + bracket.size(), contenders.size());
                boolean full = end == bracket.first() + bracket.size() || closed;
                if (full && bracket.first() < end) {
                    promotions.addAll(promotions(contenders.subList(bracket.first(), end), bracket.rung()));
                }
            }
            return promotions;
        }

        private List<Promotion> promotions(List<Contender> bracket, int start) {
            List<Contender> members = bracket;
            for (int rung = start; rung + 1 < rungs.size(); rung++) {
                List<Entry> trainings = trainings(members, rungs.get(rung));
                if (trainings.size() < members.size() || !trainings.stream().allMatch(Entry::isFinished)) {
                    return List.of();
                }
                int next = rungs.get(rung + 1);
                int quota = Math.max(1, quota(trainings.size(), rungs, rung));
                List<Promotion> missing = missing(ranking.of(trainings, next), members, next, quota);
                if (!missing.isEmpty()) {
                    return missing;
                }
                members = members.stream().filter(m -> m.at(next) != null).toList();
            }
            return List.of();
        }
    }

    /**
     * Asynchronous successive halving (Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020): whatever
     * belongs to the best part of its rung goes on at once, higher rungs first; since the best part changes, more than that part have
     * gone on in the end, here at most {@value #MOST} times as many. When nothing more will be started, the best of the highest rung
     * goes on, so that something reaches the last.
     */
    record Asha(List<Integer> rungs, Ranking ranking) implements Scheduler {
        private static final int MOST = 2;

        @Override
        public int start(int index) {
            return rungs.getFirst();
        }

        @Override
        public List<Promotion> promotions(List<Contender> contenders, boolean closed) {
            List<Promotion> promotions = new ArrayList<>();
            for (int rung = rungs.size() - 2; rung >= 0; rung--) {
                int next = rungs.get(rung + 1);
                List<Entry> finished = trainings(contenders, rungs.get(rung)).stream()
                        .filter(Entry::isFinished)
                        .toList();
                int quota = quota(finished.size(), rungs, rung);
                List<Entry> best =
                        ranking.of(finished, next).stream().limit(quota).toList();
                promotions.addAll(missing(best, contenders, next, MOST * quota));
            }
            return promotions.isEmpty() && closed && contenders.stream().allMatch(Contender::isFinished)
                    ? last(contenders)
                    : promotions;
        }

        private List<Promotion> last(List<Contender> contenders) {
            if (!trainings(contenders, rungs.getLast()).isEmpty()) {
                return List.of();
            }
            for (int rung = rungs.size() - 2; rung >= 0; rung--) {
                List<Entry> highest = trainings(contenders, rungs.get(rung));
                if (!highest.isEmpty()) {
                    int next = rungs.get(rung + 1);
                    return ranking.of(highest, next).stream()
                            .limit(1)
                            .map(e -> new Promotion(e, next))
                            .toList();
                }
            }
            return List.of();
        }
    }

    /** Those of the ranked that have not gone on, the best first, until so many have. */
    private static List<Promotion> missing(List<Entry> ranked, List<Contender> contenders, int next, int most) {
        Set<String> promoted = hashes(trainings(contenders, next));
        return ranked.stream()
                .filter(e -> !promoted.contains(e.candidate().hash()))
                .limit(Math.max(0, most - promoted.size()))
                .map(e -> new Promotion(e, next))
                .toList();
    }

    private static Set<String> hashes(List<Entry> entries) {
        return entries.stream().map(e -> e.candidate().hash()).collect(Collectors.toSet());
    }

    private static List<Entry> trainings(List<Contender> contenders, int epochs) {
        return contenders.stream()
                .map(c -> c.at(epochs))
                .filter(Objects::nonNull)
                .toList();
    }
}
