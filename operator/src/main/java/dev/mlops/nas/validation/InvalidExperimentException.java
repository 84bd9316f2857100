package dev.mlops.nas.validation;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** An experiment that the API server would refuse; holds at least one problem. */
public final class InvalidExperimentException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient List<Problem> problems;

    InvalidExperimentException(List<Problem> problems) {
        super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
        this.problems = List.copyOf(problems);
    }

    InvalidExperimentException(String field, String sentence) {
        this(List.of(new Problem(field, sentence)));
    }

    /** What is wrong, one sentence each. */
    public List<Problem> problems() {
        return problems;
    }

    /** One line per problem for a terminal: {@code FILE: FIELD: sentence}. */
    public String lines(Path file) {
        return problems.stream().map(p -> p.line(file)).collect(Collectors.joining("\n"));
    }
}
