package dev.mlops.nas.local;

import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.search.History;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.search.TrialState;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * All that a local search knows, so that it goes on after any end: {@code identity.json}, {@code experiment.yaml} (as last
 * submitted, with its defaults), {@code trials/00001}, … ({@link TrialFolder}), and the report in the end.
 */
final class StateFolder implements AutoCloseable {
    /**
     * {@code identity.json}.
     *
     * @param uuid of the search, also for tracking
     * @param experiment name
     * @param startedAt when the search began
     */
    record Identity(String uuid, String experiment, Instant startedAt) {}

    /**
     * {@code tracking.json}: the parent run was closed.
     *
     * @param url of the run's page
     * @param finished whether with the search's result; false where the search was to go on
     */
    record Tracked(String url, boolean finished) {}

    /** The folder, in the current one, that holds the folders of searches without --state. */
    static final Path RUNS = Path.of("nas-runs");

    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");

    private final Path path;
    private final StateLock lock;
    private final Identity identity;
    private final Map<Integer, Boolean> delivered = new ConcurrentHashMap<>();

    private StateFolder(Path path, StateLock lock, Identity identity) {
        this.path = path;
        this.lock = lock;
        this.identity = identity;
    }

    /** A new folder of a fresh name under {@code nas-runs} in the current folder. */
    static Path fresh(Path current, String experiment, Clock clock) throws IOException {
        Path runs = current.resolve(RUNS);
        Files.createDirectories(runs);
        String name = experiment + "-" + LocalDateTime.now(clock).format(STAMP);
        for (int i = 1; ; i++) {
            try {
                return Files.createDirectory(runs.resolve(i == 1 ? name : name + "-" + i));
            } catch (FileAlreadyExistsException _) {
                // A search of the same second has this name: the next one.
            }
        }
    }

    /**
     * The experiment that an existing state folder holds; empty where the folder does not exist or is empty.
     *
     * @throws BadInputException if it holds something else
     */
    static Optional<NasExperiment> stored(Path path) {
        if (!Files.exists(path)) {
            return Optional.empty();
        }
        if (!Files.isDirectory(path)) {
            throw new BadInputException("--state %s is not a folder".formatted(path));
        }
        try (var entries = Files.list(path)) {
            Path experiment = path.resolve("experiment.yaml");
            if (Files.exists(experiment)) {
                return Optional.of(Serialization.unmarshal(Files.readString(experiment), NasExperiment.class));
            }
            if (entries.anyMatch(p -> !p.getFileName().toString().matches("lock|identity\\.json|\\..*\\.tmp"))) {
                throw new BadInputException(
                        "--state %s holds other files and no search: give a new or empty folder, or one of an earlier search"
                                .formatted(path));
            }
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + path, e);
        }
    }

    /** Locks the folder, created where it does not exist, and keeps the experiment as submitted now. */
    static StateFolder open(Path path, NasExperiment experiment, Clock clock) throws IOException {
        AtomicFiles.createFolder(path);
        StateLock lock = StateLock.take(path);
        try {
            Path known = path.resolve("identity.json");
            @Nullable Identity identity = Json.read(known, Identity.class).orElse(null);
            if (identity == null) {
                identity = new Identity(
                        UUID.randomUUID().toString(), experiment.getMetadata().getName(), clock.instant());
                Json.write(known, identity);
            }
            AtomicFiles.createFolder(path.resolve("trials"));
            Path file = path.resolve("experiment.yaml");
            String yaml = Serialization.asYaml(experiment);
            if (!Files.exists(file) || !Files.readString(file).equals(yaml)) {
                // A changed budget may make a finished search go on, and its run with it.
                Files.deleteIfExists(path.resolve("tracking.json"));
                AtomicFiles.write(file, yaml.getBytes(StandardCharsets.UTF_8));
            }
            return new StateFolder(path, lock, identity);
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    Path path() {
        return path;
    }

    /** Whether all about the trial has reached the tracking server. */
    boolean isDelivered(int number) {
        return delivered.computeIfAbsent(number, n -> Files.exists(deliveredFile(n)));
    }

    void markDelivered(int number) {
        if (!isDelivered(number)) {
            Json.write(deliveredFile(number), Map.of("delivered", true));
            delivered.put(number, true);
        }
    }

    private Path deliveredFile(int number) {
        return TrialFolder.path(path.resolve("trials"), number).resolve("delivered.json");
    }

    /** The page of the closed parent run; empty while its end has not reached the tracking server. */
    Optional<Tracked> tracked() {
        return Json.read(path.resolve("tracking.json"), Tracked.class);
    }

    void markEndDelivered(Tracked tracked) {
        if (!tracked().equals(Optional.of(tracked))) {
            Json.write(path.resolve("tracking.json"), tracked);
        }
    }

    Identity identity() {
        return identity;
    }

    Path resolve(String file) {
        return path.resolve(file);
    }

    /** Trials that have a request, in the order of their numbers. */
    List<TrialFolder> trials() {
        return trials(path);
    }

    /** The trials of any state folder, locked by another process or not. */
    static List<TrialFolder> trials(Path path) {
        if (!Files.isDirectory(path.resolve("trials"))) {
            return List.of();
        }
        try (var entries = Files.list(path.resolve("trials"))) {
            return entries.filter(Files::isDirectory)
                    .sorted()
                    .map(TrialFolder::new)
                    .filter(t -> t.request().isPresent())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + path, e);
        }
    }

    /** What came of the trials of any state folder so far; one that runs is as good as pending. */
    static History history(Path path, Identity identity) {
        List<History.Trial> trials = new ArrayList<>();
        for (TrialFolder trial : trials(path)) {
            trial.request()
                    .ifPresent(request -> trials.add(new History.Trial(
                            request,
                            trial.outcome().map(o -> (TrialState) o.outcome()).orElseGet(TrialState.Pending::new))));
        }
        return new History(identity.startedAt(), trials);
    }

    TrialFolder create(TrialRequest request) {
        return TrialFolder.create(path.resolve("trials"), request);
    }

    @Override
    public void close() throws IOException {
        lock.close();
    }
}
