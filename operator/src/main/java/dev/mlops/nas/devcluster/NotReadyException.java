package dev.mlops.nas.devcluster;

/** A container cannot be started yet, in the words of a kubelet: a short reason such as {@code CreateContainerConfigError}. */
final class NotReadyException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String reason;

    NotReadyException(String reason, String message) {
        super(message);
        this.reason = reason;
    }

    String reason() {
        return reason;
    }

    String sentence() {
        return String.valueOf(getMessage());
    }
}
