package dev.mlops.nas.search;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The text of an architecture's hash. */
final class Fingerprint {
    private static final int BYTES = 8;

    /** {@code sha256-} and 16 hexadecimal digits; two of 100,000 architectures agree by chance once in 4 billion spaces. */
    static String of(String canonical) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(canonical.getBytes(StandardCharsets.UTF_8));
            return "sha256-" + HexFormat.of().formatHex(digest, 0, BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private Fingerprint() {}
}
