package dev.mlops.nas.search;

import dev.mlops.nas.search.Ledger.Contender;
import dev.mlops.nas.search.Ledger.Entry;
import dev.mlops.nas.search.Scheduler.Promotion;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The experiment's decision function, around which operator, local mode and simulation are thin shells. */
public final class Experiments {
    private final Experiment experiment;
    /** Trials, each with all its retries, after which no machine is expected to do where none has done yet. */
    private static final int UNUSABLE = 3;

    private final Instant startedAt;
    private final Instant now;
    private final Candidates candidates;
    private final Ledger ledger;
    private final List<Entry> search;
    private final List<Contender> contenders;
    private final Strategy strategy;
    private final List<Observation> observations;
    private final @Nullable Levels levels;
    private final Promoting promoting;
    private final Scheduler scheduler;

    private Experiments(Experiment experiment, History history, @Nullable Answer answer, Instant now) {
        this.experiment = experiment;
        this.startedAt = history.startedAt();
        this.now = now;
        this.candidates = Candidates.of(experiment);
        this.ledger = new Ledger(experiment, history, candidates);
        this.search = ledger.search();
        this.contenders = ledger.contenders();
        this.strategy = Strategy.of(experiment, answer, ledger.derived());
        this.observations = ledger.observations();
        this.levels = levels();
        this.promoting = new Promoting(experiment, ledger, levels);
        this.scheduler = Scheduler.of(experiment, promoting);
    }

    /** What a trusted predictor has learned of several rungs; null with one, and without one. */
    private @Nullable Levels levels() {
        Learned learned = strategy instanceof PredictorSearch predictor
                        && experiment.fidelity().rungs().size() > 1
                ? predictor.trusted(candidates, observations)
                : null;
        if (learned == null) {
            return null;
        }
        KernelScales scales = learned.ensemble().scales();
        Levels known = candidates
                .memory()
                .of(List.of(Levels.class, observations, scales), () -> new Levels(candidates, observations, scales));
        return known.isEmpty() ? null : known;
    }

    /**
     * Decides what to do next. A function of its arguments alone: the same history gives the same plan on every machine. Time
     * matters only for {@link Experiment.Budget#wallClock}.
     *
     * @throws SpaceException if no architecture can meet the constraints
     */
    public static Plan decide(Experiment experiment, History history, Instant now) {
        return new Experiments(experiment, history, null, now).plan();
    }

    /**
     * Decides with the answer to the question of the plan for the same history. Where the answer cannot be used, the plan says
     * why, and its question is still open.
     *
     * @throws SpaceException if no architecture can meet the constraints
     */
    public static Plan decide(Experiment experiment, History history, Answer answer, Instant now) {
        return new Experiments(experiment, history, answer, now).plan();
    }

    private Plan plan() {
        var rejected = ledger.rejection();
        if (rejected.isPresent()) {
            return failed("DataUnusable", rejected.get().reason());
        }
        boolean noMachine = ledger.withoutMachine().size() >= UNUSABLE && !ledger.hasMachine();
        if (noMachine && ledger.unfinished().isEmpty()) {
            Entry last = ledger.withoutMachine().getLast();
            return failed(
                    "TrainerUnavailable",
                    "The trainer could not do its work in %d trials, whatever the architecture; the last one, trial %d: %s"
                            .formatted(
                                    ledger.withoutMachine().size(),
                                    last.request().number(),
                                    reason(last)));
        }
        List<Entry> failures = ledger.failures();
        if (failures.size() > experiment.budget().maxFailedTrials()) {
            return failed(
                    "TooManyFailures",
                    "%d trials failed, more than budget.maxFailedTrials (%d) allows; the last one, trial %d: %s"
                            .formatted(
                                    failures.size(),
                                    experiment.budget().maxFailedTrials(),
                                    failures.getLast().request().number(),
                                    reason(failures.getLast())));
        }
        candidates.check();
        if (experiment.suspended()) {
            return new Plan(
                    Plan.Phase.SUSPENDED,
                    List.of(),
                    List.of(),
                    summary(
                            "Suspended",
                            "Suspended: " + progress(),
                            experiment.budget().trials(),
                            null));
        }
        Plan preparing = preparing();
        if (preparing != null) {
            return preparing;
        }
        // What runs may yet show that there is a machine; nothing more is tried before.
        int free = noMachine
                ? 0
                : Math.max(
                        0,
                        experiment.budget().parallelTrials()
                                - ledger.unfinished().size());
        return searching(free);
    }

    /** What there is to do before the search begins; null when that is done. */
    private @Nullable Plan preparing() {
        Preparation preparation = experiment.preparation();
        if (preparation == null) {
            return null;
        }
        History.Trial trial = ledger.preparation();
        if (trial == null) {
            return prepares(List.of(new TrialRequest(
                    Preparation.NUMBER,
                    Purpose.PREPARATION,
                    Genotype.NONE,
                    preparation.epochs(),
                    Seeds.training(experiment.seed(), Preparation.NUMBER),
                    null,
                    null,
                    null)));
        }
        return switch (trial.state()) {
            case TrialState.Pending _, TrialState.Running _ -> prepares(List.of());
            case TrialState.Completed completed -> {
                String why = preparation instanceof Preparation.OpenChoices
                        ? Differentiable.unusable(experiment.space(), completed.derived())
                        : null;
                yield why == null ? null : unprepared(why);
            }
            case TrialState.Infeasible infeasible -> unprepared(infeasible.reason());
            case TrialState.Failed failed -> unprepared(failed.reason());
            case TrialState.Rejected rejected -> unprepared(rejected.reason());
            case TrialState.Stopped stopped -> unprepared(stopped.reason());
        };
    }

    private Plan prepares(List<TrialRequest> start) {
        return new Plan(
                Plan.Phase.PREPARING,
                start,
                List.of(),
                summary(
                        "Preparing",
                        "Preparing: the search begins when trial %d is done".formatted(Preparation.NUMBER),
                        experiment.budget().trials(),
                        null));
    }

    private Plan unprepared(String why) {
        return failed(
                "PreparationFailed",
                "Trial %d, which prepares the search, came to nothing: %s".formatted(Preparation.NUMBER, why));
    }

    private Plan searching(int free) {
        int left = experiment.budget().trials() - contenders.size();
        boolean timeUp = experiment.budget().wallClock() != null
                && !now.isBefore(startedAt.plus(experiment.budget().wallClock()));
        boolean finalizing = ledger.entries().size() > search.size();
        List<TrialRequest> start = new ArrayList<>();
        List<Promotion> promotions = timeUp ? List.of() : scheduler.promotions(contenders, left <= 0);
        promotions.stream().limit(free).forEach(p -> start.add(request(p, ledger.nextNumber() + start.size())));
        // With all slots taken by the protocol, one proposal tells whether the search really has come to its end.
        int wanted = timeUp ? 0 : Math.min(left, Math.max(free - start.size(), finalizing ? 1 : 0));
        int started = 0;
        boolean exhausted = false;
        if (wanted > 0 && strategy instanceof External external) {
            switch (external.read(candidates, observations, wanted)) {
                case External.Reading.Open _ -> {
                    return asking(start, wanted, "Searching", progress());
                }
                case External.Reading.Unusable(String why) -> {
                    return asking(start, wanted, "StrategyUnavailable", why + "; " + progress());
                }
                case External.Reading.Usable _ -> {}
            }
        }
        if (wanted > 0) {
            List<Proposal> proposals = strategy.propose(candidates, observations, wanted, experiment.seed());
            // A part of an answer stands where the time was up before the rest came: the next question tells.
            exhausted = strategy instanceof External ? proposals.isEmpty() : proposals.size() < wanted;
            if (proposals.isEmpty() && promotions.isEmpty()) {
                promotions = scheduler.promotions(contenders, true);
                promotions.stream().limit(free).forEach(p -> start.add(request(p, ledger.nextNumber() + start.size())));
            }
            for (Proposal proposal : proposals.subList(0, Math.min(proposals.size(), free - start.size()))) {
                start.add(request(proposal, ledger.nextNumber() + start.size(), contenders.size() + started++));
            }
        }
        boolean closed = left <= started || timeUp || exhausted;
        int total = closed ? contenders.size() + started : experiment.budget().trials();
        if (!closed || (!start.isEmpty() && start.size() == free)) {
            boolean warm = newest(start).purpose() == Purpose.WARM_UP;
            return new Plan(
                    warm ? Plan.Phase.WARMING_UP : Plan.Phase.SEARCHING,
                    start,
                    List.of(),
                    summary(warm ? "WarmingUp" : "Searching", progress(), total, null));
        }
        return closing(start, !promotions.isEmpty(), free, total, why(timeUp, exhausted));
    }

    /** The search goes on when the strategy outside has answered. */
    private Plan asking(List<TrialRequest> start, int wanted, String reason, String message) {
        List<Question.Known> known = new ArrayList<>();
        for (int i = 0; i < observations.size(); i++) {
            Observation observation = observations.get(i);
            known.add(new Question.Known(
                    contenders.get(i).first().request().number(),
                    experiment.space().describe(observation.candidate().genotype()),
                    switch (observation.status()) {
                        case PENDING -> Question.State.PENDING;
                        case MEASURED -> Question.State.MEASURED;
                        case INFEASIBLE -> Question.State.INFEASIBLE;
                        case FAILED -> Question.State.FAILED;
                    },
                    observation.isMeasured() ? experiment.objective().score(observation.score()) : null,
                    observation.metrics(),
                    observation.isFeasible(),
                    observation.epochs()));
        }
        return new Plan(
                Plan.Phase.SEARCHING,
                start,
                List.of(),
                summary(reason, message, experiment.budget().trials(), null),
                new Question(wanted, known));
    }

    /** The architecture that the search has come to. */
    private TrialRequest newest(List<TrialRequest> start) {
        return start.stream()
                .filter(r -> r.continues() == null)
                .reduce((first, second) -> second)
                .orElseGet(() -> contenders.getLast().first().request());
    }

    private String why(boolean timeUp, boolean exhausted) {
        if (timeUp) {
            return "The time of budget.wallClock is used up. ";
        }
        if (!exhausted) {
            return "";
        }
        return strategy instanceof External
                ? "The external strategy named no more architectures. "
                : "Every architecture that was found within the constraints is trained. ";
    }

    /** No search trial will be planned any more after those that start now. */
    private Plan closing(List<TrialRequest> start, boolean promotes, int free, int total, String why) {
        boolean searchFinished = start.isEmpty() && !promotes && search.stream().allMatch(Entry::isFinished);
        if (searchFinished && ledger.best(search) == null) {
            return failed("NoFeasibleArchitecture", why + noneFeasible());
        }
        // Draws that count against the arm are those of the history: trials that start now join in the next round.
        var protocol = new ProtocolPlan(experiment, candidates, ledger, searchFinished);
        if (searchFinished && protocol.isComplete()) {
            return done(protocol, why);
        }
        for (ProtocolPlan.Training training : protocol.missing()) {
            if (start.size() >= free) {
                break;
            }
            if (training.purpose() != Purpose.RANDOM_ARM || !startsNow(start, training.genotype())) {
                int number = ledger.nextNumber() + start.size();
                start.add(new TrialRequest(
                        number,
                        training.purpose(),
                        training.genotype(),
                        experiment.epochs(),
                        Seeds.training(experiment.seed(), number),
                        training.reference(),
                        null,
                        null));
            }
        }
        if (!searchFinished) {
            return new Plan(
                    Plan.Phase.SEARCHING, start, List.of(), summary("Searching", why + progress(), total, protocol));
        }
        int done = Ledger.finished(ledger.entries()) - search.size();
        String message = String.format(
                Locale.ROOT,
                "%sFinalizing: %d of %d trainings of baselines and finalists are done; %s",
                why,
                done,
                total(total, protocol) - prepared() - search.size(),
                progress());
        return new Plan(Plan.Phase.FINALIZING, start, List.of(), summary("Finalizing", message, total, protocol));
    }

    private boolean startsNow(List<TrialRequest> start, Genotype genotype) {
        String hash = candidates.of(genotype).hash();
        return start.stream()
                .anyMatch(r -> !r.purpose().opensTest()
                        && r.epochs() == experiment.epochs()
                        && candidates.of(r.genotype()).hash().equals(hash));
    }

    private Plan done(ProtocolPlan protocol, String why) {
        var comparison = new Comparison(experiment, ledger, protocol);
        Entry winner = comparison.winner();
        if (winner == null) {
            return failed(
                    "NoFeasibleArchitecture",
                    "None of the %d finalists gave a result within the constraints when retrained from scratch."
                            .formatted(protocol.finalists().size()));
        }
        List<Plan.Entrant> entrants = comparison.entrants(winner);
        var best = new Plan.Incumbent(
                winner.request().number(), winner.request().genotype(), comparison.validation(winner));
        StringBuilder message = new StringBuilder(why)
                .append(String.format(
                        Locale.ROOT,
                        "The best architecture (trial %d) has %s %.4f, %s.",
                        best.number(),
                        experiment.objective().metric(),
                        best.value(),
                        fromScratch(Ledger.values(
                                        protocol.retrained(winner.candidate()),
                                        experiment.objective().metric())
                                .length)));
        entrants.stream().skip(1).forEach(e -> message.append(' ').append(e.verdict()));
        Plan.RankingNoise inherited = inherited();
        if (inherited != null) {
            message.append(String.format(
                    Locale.ROOT,
                    " Inherited weights rank like full training with Kendall tau %.2f (%s interval %.2f to %.2f) on %d"
                            + " architectures%s",
                    inherited.kendallTau(),
                    Comparison.percent(experiment.protocol().confidence()),
                    inherited.low(),
                    inherited.high(),
                    inherited.architectures(),
                    inherited.low() > 0
                            ? "."
                            : ": this is not distinguishable from chance, and the search may have chosen at random."));
        }
        for (SearchSpace.Reference barred : protocol.barred()) {
            message.append(" The reference %s was not trained: it breaks a constraint.".formatted(barred.name()));
        }
        Plan.Summary figures = summary("Succeeded", message.toString(), contenders.size(), protocol);
        return new Plan(
                Plan.Phase.SUCCEEDED,
                List.of(),
                List.of(),
                new Plan.Summary(
                        figures.reason(),
                        figures.message(),
                        figures.searchDone(),
                        figures.searchTotal(),
                        figures.totalTrainings(),
                        best,
                        figures.predictor(),
                        figures.exploresByEvolution(),
                        figures.trainSeconds(),
                        entrants,
                        comparison.rankCorrelation(),
                        figures.front(),
                        figures.rankingNoise(),
                        figures.promotions()));
    }

    /** What inherited weights are worth; null where there are none, or too few architectures to tell. */
    private Plan.@Nullable RankingNoise inherited() {
        return experiment.inherits()
                ? ledger.rankingNoise().stream().findFirst().orElse(null)
                : null;
    }

    private static String fromScratch(int trainings) {
        return trainings == 1
                ? "one training from scratch"
                : "mean over %d trainings from scratch".formatted(trainings);
    }

    private Plan failed(String reason, String message) {
        return new Plan(
                Plan.Phase.FAILED,
                List.of(),
                ledger.unfinished(),
                summary(reason, message, experiment.budget().trials(), null));
    }

    private TrialRequest request(Promotion promotion, int number) {
        TrialRequest before = promotion.from().request();
        return new TrialRequest(
                number,
                Purpose.SEARCH,
                before.genotype(),
                promotion.epochs(),
                before.seed(),
                null,
                before.number(),
                inUnits(foretold(promotion.from().candidate(), promotion.epochs())));
    }

    private TrialRequest request(Proposal proposal, int number, int index) {
        int epochs = scheduler.start(index);
        // With several rungs a proposal is chosen by results of all of them, which foretell none of a single one.
        TrialRequest.Prediction prediction =
                proposal.prediction() == null || experiment.fidelity().rungs().size() == 1
                        ? proposal.prediction()
                        : foretold(proposal.candidate(), epochs);
        return new TrialRequest(
                number,
                proposal.uniform() && !(strategy instanceof RandomSearch) ? Purpose.WARM_UP : Purpose.SEARCH,
                proposal.candidate().genotype(),
                epochs,
                Seeds.training(experiment.seed(), number),
                null,
                null,
                inUnits(prediction));
    }

    /** What is foretold of the rung that a trial will reach; null where too little is known of it. */
    private TrialRequest.@Nullable Prediction foretold(Candidate candidate, int epochs) {
        return levels == null ? null : levels.foretell(candidate, epochs);
    }

    private TrialRequest.@Nullable Prediction inUnits(TrialRequest.@Nullable Prediction prediction) {
        return prediction == null
                ? null
                : new TrialRequest.Prediction(experiment.objective().score(prediction.mean()), prediction.sd());
    }

    private Plan.Summary summary(String reason, String message, int total, @Nullable ProtocolPlan protocol) {
        Entry best = ledger.best(search);
        PredictorSearch.Quality quality = switch (strategy) {
            case PredictorSearch predictor -> predictor.quality(candidates, observations);
            case RandomSearch _,
                    QuasiRandom _,
                    RegularizedEvolution _,
                    LocalSearch _,
                    Reinforce _,
                    Nsga2 _,
                    Differentiable _,
                    External _ -> null;
        };
        return new Plan.Summary(
                reason,
                message,
                tried(),
                total,
                total(total, protocol),
                best == null
                        ? null
                        : new Plan.Incumbent(
                                best.request().number(),
                                best.request().genotype(),
                                best.metric(experiment.objective().metric())),
                quality == null ? null : quality.figures(),
                quality != null && !quality.trusted(),
                ledger.seconds(),
                List.of(),
                null,
                front(protocol),
                ledger.rankingNoise(),
                promoting.figures());
    }

    private Plan.@Nullable Front front(@Nullable ProtocolPlan protocol) {
        Experiment.TradeOff tradeOff = experiment.objective().tradeOff();
        return tradeOff == null
                ? null
                : Pareto.front(
                        experiment,
                        contenders,
                        observations,
                        tradeOff,
                        candidate -> protocol == null
                                ? Double.NaN
                                : Ledger.mean(
                                        protocol.retrained(candidate),
                                        experiment.objective().testMetric()));
    }

    private int prepared() {
        return experiment.preparation() == null ? 0 : 1;
    }

    /** Trainings of the whole experiment; before the search has ended, an estimate from above. */
    private int total(int searchTotal, @Nullable ProtocolPlan plan) {
        return prepared() + trained(searchTotal, plan);
    }

    private int trained(int searchTotal, @Nullable ProtocolPlan plan) {
        if (plan != null && search.stream().allMatch(Entry::isFinished)) {
            int known = ledger.entries().size() + plan.missing().size();
            boolean randomBestOpen = experiment.protocol().randomArm()
                    && ledger.of(Purpose.RANDOM_FINALIST).isEmpty()
                    && plan.missing().stream().anyMatch(t -> t.purpose() == Purpose.RANDOM_ARM);
            return known + (randomBestOpen ? experiment.protocol().finalistSeeds() : 0);
        }
        Experiment.Protocol protocol = experiment.protocol();
        int references =
                protocol.referenceSeeds() * experiment.space().references().size();
        int finalists = protocol.finalistSeeds() * (protocol.finalists() + (protocol.randomArm() ? 1 : 0));
        int warm = switch (experiment.strategy()) {
            case Experiment.StrategyOptions.RandomSearch() -> searchTotal;
            case Experiment.StrategyOptions.QuasiRandom _,
                    Experiment.StrategyOptions.Reinforce _,
                    Experiment.StrategyOptions.Differentiable _,
                    Experiment.StrategyOptions.External _ -> 0;
            case Experiment.StrategyOptions.Evolution options -> options.population();
            case Experiment.StrategyOptions.LocalSearch options -> options.draws();
            case Experiment.StrategyOptions.Nsga2 options -> options.population();
            case Experiment.StrategyOptions.Predictor options -> options.warmUp();
        };
        List<Integer> rungs = experiment.fidelity().rungs();
        if (experiment.inherits()) {
            int draws =
                    protocol.randomArm() ? (int) Math.ceilDiv(ledger.searchEpochs(), (long) experiment.epochs()) : 0;
            return searchTotal + draws + references + finalists;
        }
        if (experiment.trainsInFull()) {
            int paid = (int) Math.ceilDiv(ledger.preparationEpochs(), (long) experiment.epochs());
            int draws = protocol.randomArm() ? Math.max(0, paid + searchTotal - warm) : 0;
            return searchTotal + draws + references + finalists;
        }
        long epochs = (long) searchTotal * rungs.getFirst() * rungs.size();
        int trainings = rungs.stream()
                .mapToInt(r -> (int) ((long) searchTotal * rungs.getFirst() / r))
                .sum();
        int arm = (int) Math.ceilDiv(epochs, (long) experiment.epochs());
        return trainings + (protocol.randomArm() ? arm : 0) + references + finalists;
    }

    /** Architectures of the search with a first outcome. */
    private int tried() {
        return (int) contenders.stream().filter(c -> c.first().isFinished()).count();
    }

    private String progress() {
        Entry best = ledger.best(search);
        String counts = "%d of %d architectures trained"
                .formatted(tried(), experiment.budget().trials());
        if (best == null) {
            return counts + ", none within all limits yet";
        }
        return String.format(
                Locale.ROOT,
                "%s, best %s %.4f in trial %d",
                counts,
                experiment.objective().metric(),
                best.metric(experiment.objective().metric()),
                best.request().number());
    }

    private String noneFeasible() {
        List<Entry> measured = search.stream()
                .filter(e -> Double.isFinite(e.metric(experiment.objective().metric())))
                .toList();
        if (search.isEmpty()) {
            return "Nothing was trained.";
        }
        if (measured.isEmpty()) {
            Entry last = search.getLast();
            return "None of the %d architectures gave a result; the last one, trial %d: %s"
                    .formatted(search.size(), last.request().number(), reason(last));
        }
        List<String> limits = experiment.constraints().stream()
                .filter(c -> !c.isAnalytic())
                .map(c -> {
                    double[] values = Ledger.values(measured, c.metric());
                    return values.length == 0
                            ? String.format(
                                    Locale.ROOT, "%s at most %.4g (the trainer reported none)", c.metric(), c.max())
                            : String.format(
                                    Locale.ROOT,
                                    "%s at most %.4g (the smallest measured was %.4g)",
                                    c.metric(),
                                    c.max(),
                                    java.util.Arrays.stream(values).min().orElseThrow());
                })
                .toList();
        return "None of the %d trained architectures keeps all limits: %s."
                .formatted(measured.size(), String.join(", ", limits));
    }

    private String reason(Entry failure) {
        return switch (failure.state()) {
            case TrialState.Failed failed -> failed.reason();
            case TrialState.Infeasible infeasible -> infeasible.reason();
            default -> "it reported no " + experiment.objective().metric();
        };
    }
}
