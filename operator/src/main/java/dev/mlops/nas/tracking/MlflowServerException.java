package dev.mlops.nas.tracking;

import org.jspecify.annotations.Nullable;

/** The embedded MLflow cannot be set up, started or stopped; the message is one sentence that says what to do. */
public final class MlflowServerException extends Exception {
    private static final long serialVersionUID = 1L;

    MlflowServerException(String message) {
        this(message, null);
    }

    MlflowServerException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
