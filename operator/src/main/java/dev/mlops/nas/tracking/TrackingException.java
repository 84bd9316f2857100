package dev.mlops.nas.tracking;

/** The tracking server is away or refuses; the message is one sentence with its address. What failed may be called again. */
public final class TrackingException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Names the server and what it said. */
    public TrackingException(String message, Throwable cause) {
        super(message, cause);
    }
}
