package dev.mlops.nas.experiment;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.function.Function;

/** A strategy server as a user could write one; keeps the questions that it got. */
public final class StrategyServer implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpServer server;
    private final List<JsonNode> questions = new CopyOnWriteArrayList<>();
    private final List<String> credentials = new CopyOnWriteArrayList<>();

    /** Answers each question with the status and text that the function gives. */
    public StrategyServer(Function<JsonNode, Map.Entry<Integer, String>> answers) throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/ask", exchange -> {
            JsonNode question = JSON.readTree(exchange.getRequestBody());
            questions.add(question);
            credentials.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
            Map.Entry<Integer, String> answer = answers.apply(question);
            byte[] body = answer.getValue().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(answer.getKey(), body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    /** Draws architectures at random; values of inactive decisions are named too. */
    public static Map.Entry<Integer, String> draw(JsonNode question) {
        var random = new Random(question.path("architectures").size());
        List<Map<String, String>> architectures = new ArrayList<>();
        for (int i = 0; i < question.path("count").asInt(); i++) {
            var decisions = new TreeMap<String, String>();
            for (JsonNode decision : question.path("decisions")) {
                JsonNode choices = decision.path("choices");
                decisions.put(
                        decision.path("name").asText(),
                        choices.get(random.nextInt(choices.size())).asText());
            }
            architectures.add(decisions);
        }
        return Map.entry(
                200, JSON.valueToTree(Map.of("architectures", architectures)).toString());
    }

    /** Where it is asked. */
    public String uri() {
        return "http://127.0.0.1:%d/ask".formatted(server.getAddress().getPort());
    }

    /** The questions so far. */
    public List<JsonNode> questions() {
        return List.copyOf(questions);
    }

    /** The header Authorization of each question; null as a text where there was none. */
    public List<String> credentials() {
        return List.copyOf(credentials);
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
