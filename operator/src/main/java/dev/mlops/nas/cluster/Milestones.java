package dev.mlops.nas.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.MicroTime;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import io.fabric8.kubernetes.api.model.events.v1.EventBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import org.jboss.logging.Logger;

/**
 * Events of an experiment, for {@code kubectl describe}. An event's name follows from what it says, so that saying it again
 * after a crash does not double it. Events are a courtesy: one that cannot be written is logged and forgotten.
 */
final class Milestones {
    private static final Logger LOG = Logger.getLogger(Milestones.class);
    private static final int MAX_NOTE = 1000;

    private final InstantSource clock;

    Milestones(InstantSource clock) {
        this.clock = clock;
    }

    /** Something went as it should. */
    void normal(KubernetesClient client, HasMetadata about, String reason, String note) {
        write(client, about, "Normal", reason, note);
    }

    /** Something the user may want to look at. */
    void warning(KubernetesClient client, HasMetadata about, String reason, String note) {
        write(client, about, "Warning", reason, note);
    }

    private void write(KubernetesClient client, HasMetadata about, String type, String reason, String note) {
        String cut = note.length() > MAX_NOTE ? note.substring(0, MAX_NOTE - 1) + "…" : note;
        var id = UUID.nameUUIDFromBytes(
                (about.getMetadata().getUid() + type + reason + cut).getBytes(StandardCharsets.UTF_8));
        var event = new EventBuilder()
                .withNewMetadata()
                .withName("%s.%s"
                        .formatted(
                                about.getMetadata().getName(),
                                id.toString().replace("-", "").substring(0, 16)))
                .withNamespace(about.getMetadata().getNamespace())
                .endMetadata()
                .withType(type)
                .withReason(reason)
                .withAction(reason)
                .withNote(cut)
                .withReportingController("nas.mlops.dev/operator")
                .withReportingInstance(Owners.MANAGER)
                .withEventTime(new MicroTime(
                        clock.instant().truncatedTo(ChronoUnit.MICROS).toString()))
                .withRegarding(new ObjectReferenceBuilder()
                        .withApiVersion(about.getApiVersion())
                        .withKind(about.getKind())
                        .withName(about.getMetadata().getName())
                        .withNamespace(about.getMetadata().getNamespace())
                        .withUid(about.getMetadata().getUid())
                        .build())
                .build();
        try {
            client.events().v1().events().resource(event).create();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                LOG.warnf("%s: event %s not written: %s", about.getMetadata().getName(), reason, e.getMessage());
            }
        }
    }
}
