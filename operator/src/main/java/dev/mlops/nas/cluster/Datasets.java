package dev.mlops.nas.cluster;

import dev.mlops.nas.api.NasExperimentSpec.Dataset;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.search.TrialState;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Resolves {@code pvc://CLAIM/PATH}: every claim is mounted read-only in a folder of its own. */
final class Datasets {
    private static final String SCHEME = "pvc://";

    /** Names of the claims that a dataset lies on. */
    static List<String> claims(Dataset dataset) {
        return Stream.of(dataset.uri(), dataset.labels())
                .filter(Objects::nonNull)
                .filter(u -> u.startsWith(SCHEME))
                .map(Datasets::claim)
                .distinct()
                .toList();
    }

    /** Where a claim is mounted. */
    static String folder(String claim) {
        return "/nas/claims/" + claim;
    }

    /** Name of a claim's volume: claims may hold dots, volumes may not. */
    static String volume(String claim) {
        String name = "nas-claim-" + claim.replace('.', '-');
        return name.length() <= 63 ? name : "nas-claim-" + Integer.toHexString(claim.hashCode());
    }

    /** The trial file with the paths that the trainer sees. */
    static TrialFile resolve(TrialFile file) {
        DatasetRef data = file.dataset();
        DatasetRef resolved = data.at(resolved(data.uri()), resolvedOrNull(data.labels()));
        return file.with(file.contractVersion(), resolved, file.recipe(), file.folders());
    }

    /**
     * A trial's end; where data are missing at a relative path, which {@code nas run} takes from beside the experiment's file, it also
     * tells where trainers on a cluster look for them.
     *
     * @param folder where relative paths start in the trainer's image
     */
    static TrialEnd.Ended explained(TrialEnd.Ended ended, Dataset dataset, String folder) {
        if (!(ended.outcome() instanceof TrialState.Rejected rejected)
                || !rejected.reason().contains("does not exist")
                || !isRelative(dataset.uri())) {
            return ended;
        }
        String message =
                "%s dataset.uri %s is a path in the trainer's image, from %s on: for data that lie elsewhere give pvc://CLAIM/PATH or an address."
                        .formatted(rejected.reason(), dataset.uri(), folder);
        return new TrialEnd.Ended(new TrialState.Rejected(message, rejected.seconds()), ended.reason(), ended.since());
    }

    private static boolean isRelative(String uri) {
        return !uri.contains("://") && !uri.startsWith("generator:");
    }

    private static @Nullable String resolvedOrNull(@Nullable String uri) {
        return uri == null ? null : resolved(uri);
    }

    private static String resolved(String uri) {
        if (!uri.startsWith(SCHEME)) {
            return uri;
        }
        String claim = claim(uri);
        String path = uri.substring(SCHEME.length() + claim.length());
        return "file://" + folder(claim) + (path.isEmpty() ? "/" : path);
    }

    private static String claim(String uri) {
        String rest = uri.substring(SCHEME.length());
        int slash = rest.indexOf('/');
        return slash < 0 ? rest : rest.substring(0, slash);
    }

    private Datasets() {}
}
