package dev.mlops.nas.search;

import dev.mlops.nas.search.Ledger.Entry;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * How well scores that need no training rank architectures that were trained (Abdelfattah et al. 2021). Params and macs are
 * among the scores: a score is worth its name where it ranks better than these do (Ning et al. 2021).
 */
public final class ScoreStudy {
    /** The mean of the ranks by {@link #VOTERS}, which is a score too. */
    public static final String MEAN_RANK = "meanRank";

    /** Scores whose ranks are averaged. */
    public static final List<String> VOTERS = List.of("synflow", "naswot", "gradNorm");

    /**
     * An architecture to score.
     *
     * @param name of a human design, of the first trial that trained it ({@code trial 7}), or of a draw ({@code draw 1})
     * @param genotype what
     * @param cost analytic
     * @param value the objective where it was trained, mean over the trainings; NaN elsewhere
     */
    public record Subject(String name, Genotype genotype, SearchSpace.Cost cost, double value) {
        /** Whether it was trained. */
        public boolean isTrained() {
            return !Double.isNaN(value);
        }
    }

    /**
     * How well a score ranks.
     *
     * @param score its name
     * @param kendallTau with the objective as something to maximise
     * @param low lower end of its interval
     * @param high upper end
     * @param architectures that were trained and have the score, three or more
     */
    public record Ranking(String score, double kendallTau, double low, double high, int architectures) {}

    /**
     * The human designs, what was trained, and uniform draws; all keep the analytic constraints, and each architecture is there once.
     * What was trained, not only evaluated with inherited weights, is compared at one fidelity, the highest that at least half of the architectures have.
     *
     * @param draws how many at most; fewer where the space has no more
     */
    public static List<Subject> subjects(Experiment experiment, History history, int draws) {
        Candidates candidates = Candidates.of(experiment);
        String metric = experiment.objective().metric();
        Map<String, List<Entry>> trained = trained(new Ledger(experiment, history, candidates), metric);
        var subjects = new LinkedHashMap<String, Subject>();
        for (SearchSpace.Reference reference : experiment.space().references()) {
            Candidate candidate = candidates.of(reference.genotype());
            if (candidates.admits(candidate)) {
                subjects.putIfAbsent(candidate.hash(), subject(reference.name(), candidate, trained, metric));
            }
        }
        trained.forEach((hash, entries) -> {
            Entry first = entries.getFirst();
            subjects.putIfAbsent(
                    hash, subject("trial " + first.request().number(), first.candidate(), trained, metric));
        });
        SplittableRandom random = Seeds.stream(experiment.seed(), "scores", 0);
        for (int i = 1; i <= draws; i++) {
            Candidate candidate = candidates.draw(subjects.keySet(), random);
            if (candidate == null) {
                break;
            }
            subjects.put(candidate.hash(), subject("draw " + i, candidate, trained, metric));
        }
        return List.copyOf(subjects.values());
    }

    private static Subject subject(String name, Candidate candidate, Map<String, List<Entry>> trained, String metric) {
        double value = Ledger.mean(trained.getOrDefault(candidate.hash(), List.of()), metric);
        return new Subject(name, candidate.genotype(), candidate.cost(), value);
    }

    /** Trainings of one fidelity by the hash of their architecture, in the order of numbers. */
    private static Map<String, List<Entry>> trained(Ledger ledger, String metric) {
        List<Entry> measured = ledger.entries().stream()
                .filter(e -> e.request().epochs() > 0 && Double.isFinite(e.metric(metric)))
                .toList();
        long architectures =
                measured.stream().map(e -> e.candidate().hash()).distinct().count();
        Map<Integer, Long> counts = measured.stream()
                .collect(Collectors.groupingBy(
                        e -> e.request().epochs(),
                        Collectors.collectingAndThen(
                                Collectors.mapping(e -> e.candidate().hash(), Collectors.toSet()),
                                hashes -> (long) hashes.size())));
        int epochs = counts.entrySet().stream()
                .filter(c -> 2 * c.getValue() >= architectures)
                .mapToInt(Map.Entry::getKey)
                .max()
                .orElse(0);
        return measured.stream()
                .filter(e -> e.request().epochs() == epochs)
                .collect(Collectors.groupingBy(e -> e.candidate().hash(), LinkedHashMap::new, Collectors.toList()));
    }

    /** The scores by subject's name, completed by {@link #MEAN_RANK} (0 to 1) of those that have one of {@link #VOTERS}. */
    public static Map<String, Map<String, Double>> withMeanRank(Map<String, Map<String, Double>> scores) {
        Map<String, Map<String, Double>> completed = new LinkedHashMap<>();
        List<String> voters = VOTERS.stream()
                .filter(v -> scores.values().stream().anyMatch(s -> s.containsKey(v)))
                .toList();
        scores.forEach((name, own) -> {
            var all = new HashMap<>(own);
            if (voters.stream().anyMatch(own::containsKey)) {
                all.put(
                        MEAN_RANK,
                        voters.stream()
                                .mapToDouble(voter -> rank(own, scores, voter))
                                .average()
                                .orElseThrow());
            }
            completed.put(name, Map.copyOf(all));
        });
        return completed;
    }

    /** The part of the others that it beats; ties count half, and no score is below every score. */
    private static double rank(Map<String, Double> own, Map<String, Map<String, Double>> scores, String voter) {
        ToDoubleFunction<Map<String, Double>> value = s -> s.getOrDefault(voter, Double.NEGATIVE_INFINITY);
        double mine = value.applyAsDouble(own);
        double beaten = -0.5;
        for (Map<String, Double> other : scores.values()) {
            int sign = Double.compare(mine, value.applyAsDouble(other));
            beaten += sign > 0 ? 1 : sign == 0 ? 0.5 : 0;
        }
        return scores.size() == 1 ? 1 : beaten / (scores.size() - 1);
    }

    /** The rank correlation of every score that three or more trained subjects have, best first. */
    public static List<Ranking> rankings(
            Experiment experiment, List<Subject> subjects, Map<String, Map<String, Double>> scores) {
        List<String> names = scores.values().stream()
                .flatMap(s -> s.keySet().stream())
                .distinct()
                .sorted()
                .toList();
        List<Ranking> rankings = new ArrayList<>();
        for (String name : names) {
            ToDoubleFunction<Subject> scoreOf =
                    s -> scores.getOrDefault(s.name(), Map.of()).getOrDefault(name, Double.NaN);
            List<Subject> both = subjects.stream()
                    .filter(s -> s.isTrained() && !Double.isNaN(scoreOf.applyAsDouble(s)))
                    .toList();
            if (both.size() > 2) {
                double[] score = both.stream().mapToDouble(scoreOf).toArray();
                double[] value = both.stream()
                        .mapToDouble(s -> experiment.objective().score(s.value()))
                        .toArray();
                var interval = Statistics.kendallInterval(
                        score, value, experiment.protocol().confidence());
                rankings.add(new Ranking(
                        name, Statistics.kendallTau(score, value), interval.low(), interval.high(), both.size()));
            }
        }
        rankings.sort(Comparator.comparingDouble(Ranking::kendallTau).reversed().thenComparing(Ranking::score));
        return rankings;
    }

    /**
     * The same for what a search has trained, by scores that its trials report among their metrics; empty where fewer than three
     * architectures have any.
     */
    public static List<Ranking> rankings(Experiment experiment, History history) {
        String metric = experiment.objective().metric();
        List<Subject> subjects = new ArrayList<>();
        Map<String, Map<String, Double>> scores = new LinkedHashMap<>();
        trained(new Ledger(experiment, history, Candidates.of(experiment)), metric)
                .forEach((hash, entries) -> {
                    var own = new HashMap<String, Double>();
                    for (String voter : VOTERS) {
                        double mean = Ledger.mean(entries, voter);
                        if (!Double.isNaN(mean)) {
                            own.put(voter, mean);
                        }
                    }
                    if (!own.isEmpty()) {
                        Candidate candidate = entries.getFirst().candidate();
                        own.put("params", (double) candidate.cost().params());
                        own.put("macs", (double) candidate.cost().macs());
                        subjects.add(new Subject(
                                hash, candidate.genotype(), candidate.cost(), Ledger.mean(entries, metric)));
                        scores.put(hash, own);
                    }
                });
        return rankings(experiment, subjects, withMeanRank(scores));
    }

    private ScoreStudy() {}
}
