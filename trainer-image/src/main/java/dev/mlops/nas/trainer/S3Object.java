package dev.mlops.nas.trainer;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.sync.ResponseTransformer;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * An object {@code s3://BUCKET/KEY} of S3 or of a store that speaks its protocol, with credentials, region and address from where AWS's
 * own tools take them: {@code AWS_ACCESS_KEY_ID} and its kin, a profile, or the pod's role; {@code AWS_ENDPOINT_URL} for another
 * store. Without credentials the object is asked for anonymously, as public ones may be.
 */
final class S3Object {
    static final String SCHEME = "s3";

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String ENDPOINT = "AWS_ENDPOINT_URL";

    private final URI address;
    private final Map<String, String> environment;

    /** Takes the environment for its address of the store; the rest is read by the library. */
    S3Object(URI address, Map<String, String> environment) {
        this.address = address;
        this.environment = environment;
    }

    /**
     * Writes it to a file and returns the status that the store answers.
     *
     * @throws IOException when the store cannot be reached
     */
    int load(Path target) throws IOException {
        try (S3Client client = client()) {
            Files.delete(target);
            client.getObject(
                    r -> r.bucket(address.getAuthority()).key(address.getPath().substring(1)),
                    ResponseTransformer.toFile(target));
            return 200;
        } catch (S3Exception refused) {
            return refused.statusCode();
        } catch (SdkClientException unreachable) {
            throw new IOException(unreachable.getMessage(), unreachable);
        }
    }

    private S3Client client() {
        var builder = S3Client.builder()
                .httpClientBuilder(UrlConnectionHttpClient.builder().connectionTimeout(PATIENCE))
                .credentialsProvider(credentials())
                .region(region())
                .crossRegionAccessEnabled(true);
        String endpoint = environment.get(ENDPOINT);
        if (endpoint != null && !endpoint.isBlank()) {
            // Other stores seldom have a host name for each bucket.
            builder.endpointOverride(URI.create(endpoint)).forcePathStyle(true).crossRegionAccessEnabled(false);
        }
        return builder.build();
    }

    private static AwsCredentialsProvider credentials() {
        var chain = DefaultCredentialsProvider.builder().build();
        try {
            chain.resolveCredentials();
            return chain;
        } catch (SdkClientException none) {
            return AnonymousCredentialsProvider.create();
        }
    }

    private static Region region() {
        try {
            return new DefaultAwsRegionProviderChain().getRegion();
        } catch (SdkClientException none) {
            return Region.US_EAST_1;
        }
    }
}
