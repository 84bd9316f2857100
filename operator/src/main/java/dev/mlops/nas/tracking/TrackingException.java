package dev.mlops.nas.tracking;

import org.jspecify.annotations.Nullable;

/** The tracking server is away or refuses; the message is one sentence with its address. What failed may be called again. */
public final class TrackingException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Whom the failure concerns. */
    public enum Scope {
        /** Every call: no answer, no access, overload, or something that is not the server. */
        SERVER,
        /** This call only: the server is well and refuses what it was given. */
        CALL
    }

    private final Scope scope;

    TrackingException(Scope scope, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.scope = scope;
    }

    /** Whether other calls are likely to fail too. */
    public Scope scope() {
        return scope;
    }
}
