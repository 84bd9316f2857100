package dev.mlops.nas.experiment;

/** An external strategy wants a token, and there is none to send; the message is a sentence without its full stop. */
public final class MissingTokenException extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * Takes the Secret that the experiment names.
     *
     * @param why goes on after the Secret's name
     */
    public MissingTokenException(String secret, String why) {
        super("spec.strategy.external.credentialsSecret is %s, %s".formatted(secret, why));
    }
}
