package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.ExitCode;

/** Ends the trial with an exit code and one sentence for the user. */
@SuppressWarnings("AnnotateFormatMethod") // the annotation would be one more dependency
final class TrialException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final ExitCode code;
    private final boolean lacksMemory;

    private TrialException(ExitCode code, String sentence) {
        this(code, sentence, false);
    }

    private TrialException(ExitCode code, String sentence, boolean lacksMemory) {
        super(sentence);
        this.code = code;
        this.lacksMemory = lacksMemory;
    }

    /** Data or contract that no trial of the experiment can use. */
    static TrialException data(String sentence, Object... arguments) {
        return new TrialException(ExitCode.DATA, sentence.formatted(arguments));
    }

    /** An architecture that cannot be built or trained. */
    static TrialException architecture(String sentence, Object... arguments) {
        return new TrialException(ExitCode.ARCHITECTURE, sentence.formatted(arguments));
    }

    /** More than this device has. */
    static TrialException infeasible(String sentence, Object... arguments) {
        return new TrialException(ExitCode.INFEASIBLE, sentence.formatted(arguments));
    }

    /** More memory than there is; with smaller batches it may suffice. */
    static TrialException outOfMemory(String sentence, Object... arguments) {
        return new TrialException(ExitCode.INFEASIBLE, sentence.formatted(arguments), true);
    }

    /** What this machine lacks, whatever the architecture; another one, or this one later, may do. */
    static TrialException unavailable(String sentence, Object... arguments) {
        return new TrialException(ExitCode.TEMPORARY, sentence.formatted(arguments));
    }

    /** Terminated from outside; the trial can go on later. */
    static TrialException terminated(String sentence, Object... arguments) {
        return new TrialException(ExitCode.TEMPORARY, sentence.formatted(arguments));
    }

    ExitCode code() {
        return code;
    }

    boolean lacksMemory() {
        return lacksMemory;
    }
}
