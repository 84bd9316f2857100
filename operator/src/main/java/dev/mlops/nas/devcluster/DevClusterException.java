package dev.mlops.nas.devcluster;

/** The throw-away cluster cannot be started or used; the message is one sentence for the user. */
public final class DevClusterException extends RuntimeException {
    /** With a sentence for the user. */
    public DevClusterException(String message) {
        super(message);
    }

    /** With a sentence for the user and what led to it. */
    public DevClusterException(String message, Throwable cause) {
        super(message, cause);
    }
}
