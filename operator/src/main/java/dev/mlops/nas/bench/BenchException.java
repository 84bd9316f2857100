package dev.mlops.nas.bench;

/** A table or an option that cannot be used; the message is one sentence for the user. Exit code 2. */
public final class BenchException extends Exception {
    private static final long serialVersionUID = 1L;

    BenchException(String sentence) {
        super(sentence);
    }
}
