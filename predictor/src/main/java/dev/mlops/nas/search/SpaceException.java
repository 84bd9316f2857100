package dev.mlops.nas.search;

/** A space, reference or constraint that contradicts itself; the message is one sentence for the user. */
public final class SpaceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String field;

    /** Names the field, relative to the experiment's spec, and the reason with value and what is allowed. */
    public SpaceException(String field, String message) {
        super(message);
        this.field = field;
    }

    /** The offending field, such as {@code searchSpace.chain.stages[1].depth}. */
    public String field() {
        return field;
    }
}
