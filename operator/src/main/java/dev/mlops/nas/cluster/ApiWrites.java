package dev.mlops.nas.cluster;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Locale;

/** Counts every write that the operator sends to the API server, by verb and kind of object: {@code nas.api.writes}. */
final class ApiWrites implements Interceptor {
    /** The counter's name; its tags are {@code verb} and {@code resource}. */
    static final String METER = "nas.api.writes";

    private final MeterRegistry meters;

    ApiWrites(MeterRegistry meters) {
        this.meters = meters;
    }

    /** A client whose writes are counted. */
    static KubernetesClientBuilder client(Config config, MeterRegistry meters) {
        return new KubernetesClientBuilder()
                .withConfig(config)
                .withHttpClientBuilderConsumer(b -> b.addOrReplaceInterceptor(METER, new ApiWrites(meters)));
    }

    @Override
    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
        if (!request.method().equals("GET")) {
            String resource = resource(request.uri().getPath());
            if (!resource.isEmpty()) {
                meters.counter(METER, "verb", request.method().toLowerCase(Locale.ROOT), "resource", resource)
                        .increment();
            }
        }
    }

    /** {@code jobs}, {@code nastrials/status}, …; empty for what is no namespaced object. */
    static String resource(String path) {
        List<String> parts = List.of(path.split("/"));
        int namespace = parts.indexOf("namespaces");
        int kind = namespace + 2;
        if (namespace < 0 || kind >= parts.size()) {
            return "";
        }
        int sub = kind + 2;
        return sub < parts.size() ? parts.get(kind) + "/" + parts.get(sub) : parts.get(kind);
    }
}
