package dev.mlops.nas.local;

/** Something that the user has to change before anything can start; the message is one sentence for the user. Exit code 2. */
public final class BadInputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Takes the sentence. */
    public BadInputException(String sentence) {
        super(sentence);
    }
}
