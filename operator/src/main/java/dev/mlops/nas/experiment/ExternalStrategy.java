package dev.mlops.nas.experiment;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.api.NasExperimentSpec;
import dev.mlops.nas.search.Answer;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Experiments;
import dev.mlops.nas.search.History;
import dev.mlops.nas.search.Plan;
import dev.mlops.nas.search.Question;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A user's own strategy over HTTP, as docs/strategy-protocol.md tells. The question holds the whole search, so that the server
 * needs no memory; the trials that follow from an answer are its record, so that a restart only asks for those that are missing.
 */
public final class ExternalStrategy {
    static final String VERSION = "nas.mlops.dev/strategy-v1";

    private static final int LARGEST_ANSWER = 1 << 20;
    private static final int SHOWN = 200;

    /** A server that names so often what may not be trained is given up for now. */
    private static final int REFUSALS = 20;

    private static final ObjectMapper JSON = new ObjectMapper();

    /** What a header can hold. */
    private static final Pattern TOKEN = Pattern.compile("[\\x21-\\x7e]+");

    private final URI uri;
    private final Duration timeout;
    private final @Nullable String token;

    /** @param token sent with every question; null for none */
    ExternalStrategy(URI uri, Duration timeout, @Nullable String token) {
        this.uri = uri;
        this.timeout = timeout;
        this.token = token;
    }

    /** The plan, with the external strategy asked where it has a question; takes as long as the strategy's timeout allows. */
    public static Plan decide(
            NasExperimentSpec spec, Experiment experiment, History history, Instant now, StrategyToken tokens) {
        Plan plan = Experiments.decide(experiment, history, now);
        NasExperimentSpec.ExternalOptions options = spec.strategy().external();
        if (plan.question() == null || options == null) {
            return plan;
        }
        Function<Answer, Plan> engine = answer -> Experiments.decide(experiment, history, answer, now);
        try {
            var strategy = new ExternalStrategy(
                    URI.create(options.uri()), Duration.ofSeconds(options.timeoutSeconds()), token(options, tokens));
            return strategy.decide(experiment, plan.question(), engine);
        } catch (MissingTokenException missing) {
            return engine.apply(new Answer.None(String.valueOf(missing.getMessage())));
        }
    }

    /**
     * The token to send; null where the experiment names no Secret. Space around it, such as the end of a file's line, is no part of
     * it.
     *
     * @throws MissingTokenException if the experiment names a Secret that holds none
     */
    public static @Nullable String token(NasExperimentSpec.ExternalOptions options, StrategyToken tokens)
            throws MissingTokenException {
        String secret = options.credentialsSecret();
        if (secret == null) {
            return null;
        }
        String token = tokens.read(secret).strip();
        if (!TOKEN.matcher(token).matches()) {
            throw new MissingTokenException(
                    secret,
                    "whose " + StrategyToken.NAME
                            + (token.isEmpty()
                                    ? " is empty: give the token"
                                    : " holds what no header can: give one word of ASCII characters"));
        }
        return token;
    }

    /**
     * Asks until all is answered, the time is up, or too much had to be refused. What was refused is told with the next question,
     * since a server cannot see which architectures are the same.
     */
    Plan decide(Experiment experiment, Question question, Function<Answer, Plan> engine) {
        long deadline = System.nanoTime() + timeout.toNanos();
        List<Map<String, String>> accepted = List.of();
        List<Refused> refused = new ArrayList<>();
        while (true) {
            Answer answer = ask(experiment, question, accepted, refused, deadline - System.nanoTime());
            if (!(answer instanceof Answer.Architectures(var named))) {
                return engine.apply(accepted.isEmpty() ? answer : new Answer.Architectures(accepted));
            }
            List<Map<String, String>> all =
                    Stream.concat(accepted.stream(), named.stream()).toList();
            Plan plan = engine.apply(new Answer.Architectures(all));
            if (plan.question() != null) {
                refused.add(new Refused(named, plan.summary().message()));
                if (refused.size() == REFUSALS) {
                    return accepted.isEmpty() ? plan : engine.apply(new Answer.Architectures(accepted));
                }
            } else if (named.isEmpty() || all.size() == question.count()) {
                return plan;
            } else {
                accepted = all;
            }
        }
    }

    /** What was named and why it cannot be trained. */
    private record Refused(List<Map<String, String>> architectures, String reason) {}

    private Answer ask(
            Experiment experiment,
            Question question,
            List<Map<String, String>> accepted,
            List<Refused> refused,
            long nanos) {
        if (nanos <= 0) {
            return none(
                    refused.isEmpty()
                            ? late()
                            : "is refused: " + refused.getLast().reason());
        }
        HttpClient client = HttpClient.newBuilder()
                .connectTimeout(timeout)
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
        try {
            byte[] body = JSON.writeValueAsBytes(document(experiment, question, accepted, refused));
            HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofByteArray(body));
            if (token != null) {
                request.header("Authorization", "Bearer " + token);
            }
            return read(
                    client.sendAsync(request.build(), BodyHandlers.limiting(BodyHandlers.ofString(), LARGEST_ANSWER))
                            .get(nanos, TimeUnit.NANOSECONDS));
        } catch (TimeoutException late) {
            return none(late());
        } catch (ExecutionException failed) {
            return none(reason(failed.getCause()));
        } catch (IllegalArgumentException unusable) {
            return none("cannot be asked: " + line(String.valueOf(unusable.getMessage())));
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("a question of maps and lists is JSON", impossible);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return none("was not waited for: interrupted");
        } finally {
            client.shutdownNow();
        }
    }

    private static Map<String, Object> document(
            Experiment experiment, Question question, List<Map<String, String>> accepted, List<Refused> refused) {
        var document = new LinkedHashMap<String, Object>();
        document.put("version", VERSION);
        document.put("experiment", experiment.name());
        document.put("seed", experiment.seed());
        document.put("count", question.count() - accepted.size());
        document.put(
                "objective",
                Map.of(
                        "metric",
                        experiment.objective().metric(),
                        "direction",
                        experiment.objective().maximize() ? "Maximize" : "Minimize"));
        document.put(
                "constraints",
                experiment.constraints().stream()
                        .map(c -> Map.of("metric", c.metric(), "max", c.max()))
                        .toList());
        document.put("decisions", experiment.space().decisions());
        document.put(
                "architectures",
                Stream.concat(
                                question.known().stream().map(ExternalStrategy::document),
                                accepted.stream().map(a -> Map.of("decisions", a, "state", "pending")))
                        .toList());
        document.put("refused", refused);
        return document;
    }

    private static Map<String, Object> document(Question.Known known) {
        var document = new LinkedHashMap<String, Object>();
        document.put("trial", known.number());
        document.put("decisions", known.decisions());
        document.put("state", known.state().name().toLowerCase(Locale.ROOT));
        document.put("epochs", known.epochs());
        if (known.value() != null) {
            document.put("value", known.value());
            document.put("feasible", known.feasible());
            document.put("metrics", known.metrics());
        }
        return document;
    }

    private Answer read(HttpResponse<String> response) {
        if (response.statusCode() != 200) {
            return none("answered with HTTP %d: %s".formatted(response.statusCode(), line(response.body())));
        }
        JsonNode named;
        try {
            named = JSON.readTree(response.body()).path("architectures");
        } catch (JsonProcessingException notJson) {
            return none("answered what is no JSON: " + line(response.body()));
        }
        if (!named.isArray()) {
            return none("answered without the list \"architectures\": " + line(response.body()));
        }
        List<Map<String, String>> architectures = new ArrayList<>();
        for (JsonNode architecture : named) {
            var decisions = new LinkedHashMap<String, String>();
            for (var entry : architecture.properties()) {
                decisions.put(entry.getKey(), entry.getValue().asText());
            }
            if (!architecture.isObject()) {
                return none("answered architectures[%d] that is no object with the value of each decision: %s"
                        .formatted(architectures.size(), line(architecture.toString())));
            }
            architectures.add(decisions);
        }
        return new Answer.Architectures(architectures);
    }

    private Answer none(String what) {
        return new Answer.None("the external strategy at %s %s".formatted(uri, what));
    }

    private String reason(@Nullable Throwable cause) {
        return switch (cause) {
            case HttpConnectTimeoutException _ -> late();
            case ConnectException _ -> "cannot be reached";
            case IOException broken
            when String.valueOf(broken.getMessage()).contains("capacity") ->
                "answered with more than %d bytes".formatted(LARGEST_ANSWER);
            case IOException broken -> "broke off: " + line(String.valueOf(broken.getMessage()));
            case null, default -> "cannot be asked: " + line(String.valueOf(cause));
        };
    }

    private String late() {
        return "did not answer within %d s".formatted(timeout.toSeconds());
    }

    /** The beginning of a text, in one line. */
    private static String line(String text) {
        String line = text.strip().replaceAll("\\s+", " ");
        return line.isEmpty() ? "nothing" : line.length() <= SHOWN ? line : line.substring(0, SHOWN) + "…";
    }
}
