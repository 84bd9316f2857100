package dev.mlops.nas.cluster;

/** The user's pod template cannot become a pod; the message is one sentence. */
final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TemplateException(String message) {
        super(message);
    }
}
