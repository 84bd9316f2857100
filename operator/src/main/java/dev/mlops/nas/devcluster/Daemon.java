package dev.mlops.nas.devcluster;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A named background process with its log ({@code <name>.log}) and process id ({@code <name>.pid}) in one folder. Whether it runs
 * is asked of the system each time, so that it may be started by one JVM and stopped by the next.
 *
 * @param folder absolute path, which must stand somewhere on the process's command line
 */
record Daemon(String name, Path folder) {
    private static final int TAIL = 5;
    private static final Duration GRACE = Duration.ofSeconds(5);

    /** Starts it unless it runs. @return its process id when it was started now */
    Optional<Long> start(List<String> command, Map<String, String> environment) throws IOException {
        if (isRunning()) {
            return Optional.empty();
        }
        var builder = new ProcessBuilder(Detached.command(command))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()));
        builder.environment().putAll(environment);
        var process = builder.start();
        new OwnedProcess(process.pid(), folder.toString()).note(pidFile());
        return Optional.of(process.pid());
    }

    /**
     * As {@link #start}, except that one that runs with another command, environment or program is ended first.
     *
     * @param program the file whose change counts as another program
     * @return whether it was started now
     */
    boolean startOrReplace(List<String> command, Map<String, String> environment, Path program) throws IOException {
        var wanted = fingerprint(
                command, environment, Files.getLastModifiedTime(program).toString());
        var noted = folder.resolve(name + ".started");
        if (isRunning() && !(Files.exists(noted) && Files.readString(noted).equals(wanted))) {
            stop(GRACE);
        }
        var started = start(command, environment).isPresent();
        Files.writeString(noted, wanted);
        return started;
    }

    private static String fingerprint(List<String> command, Map<String, String> environment, String version) {
        try {
            var text = command + "\n" + new TreeMap<>(environment) + "\n" + version;
            var digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    boolean isRunning() {
        return process().map(OwnedProcess::isAlive).orElse(false);
    }

    /** The process that was started last, whether it still runs or not. */
    Optional<OwnedProcess> process() {
        return OwnedProcess.noted(pidFile(), folder.toString());
    }

    /** Ends it, in any case within the grace period and a moment. */
    void stop(Duration grace) {
        process().ifPresent(p -> p.stop(grace));
        try {
            Files.deleteIfExists(pidFile());
        } catch (IOException e) {
            throw new DevClusterException("cannot delete " + pidFile(), e);
        }
    }

    Path log() {
        return folder.resolve(name + ".log");
    }

    /** The last lines of the log, for error messages. */
    String lastWords() {
        try {
            var lines = Files.readAllLines(log());
            return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL), lines.size()));
        } catch (IOException e) {
            return "";
        }
    }

    private Path pidFile() {
        return folder.resolve(name + ".pid");
    }
}
