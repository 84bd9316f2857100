package dev.mlops.nas.cluster;

import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.util.Locale;

/**
 * A crash: from the chosen write on no other write reaches the API server, as if the process had been killed there. What is only read
 * changes nothing and may go on.
 */
final class Fuse implements Interceptor {
    /** Where to crash: around which write, and on which side of it. */
    record Point(String verb, String resource, int occurrence, boolean after) {
        @Override
        public String toString() {
            return "%s %s %s #%d".formatted(after ? "after" : "before", verb, resource, occurrence);
        }
    }

    private final Point point;
    private int seen;
    private volatile boolean blown;

    Fuse(Point point) {
        this.point = point;
    }

    boolean isBlown() {
        return blown;
    }

    @Override
    public synchronized void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
        if (request.method().equals("GET")) {
            return;
        }
        if (blown) {
            throw new IllegalStateException("crashed " + point);
        }
        boolean matches = request.method().toLowerCase(Locale.ROOT).equals(point.verb())
                && ApiWrites.resource(request.uri().getPath()).equals(point.resource());
        if (matches && ++seen == point.occurrence()) {
            blown = true;
            if (!point.after()) {
                throw new IllegalStateException("crashed " + point);
            }
        }
    }
}
