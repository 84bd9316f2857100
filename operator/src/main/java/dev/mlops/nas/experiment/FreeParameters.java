package dev.mlops.nas.experiment;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mlops.nas.api.NasExperimentSpec.FreeParameter;
import dev.mlops.nas.search.Parameter;
import dev.mlops.nas.search.Parameter.Choice;
import dev.mlops.nas.search.Parameter.Real;
import dev.mlops.nas.search.Parameter.Whole;
import dev.mlops.nas.search.SpaceException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Free parameters of a spec as the engine's. Numbers become texts in their shortest form: the API server may hand out 0.0 as 0, and
 * a decision's value must be the same everywhere.
 */
final class FreeParameters {
    static List<Parameter> of(Map<String, FreeParameter> parameters) {
        return parameters.entrySet().stream()
                .map(e -> parameter(e.getKey(), e.getValue()))
                .toList();
    }

    private static Parameter parameter(String name, FreeParameter given) {
        String field = "searchSpace.parameters." + name;
        if (Stream.of(given.choice(), given.whole(), given.real())
                        .filter(Objects::nonNull)
                        .count()
                != 1) {
            throw new SpaceException(field, name + " must hold exactly one of choice, int and float");
        }
        return new Parameter(name, values(field, given), given.when() == null ? "" : given.when());
    }

    private static Parameter.Values values(String field, FreeParameter given) {
        if (given.whole() != null) {
            Integer step = given.whole().step();
            return new Whole(
                    given.whole().min(),
                    given.whole().max(),
                    step == null ? 1 : step,
                    given.whole().log());
        }
        if (given.real() != null) {
            return new Real(
                    given.real().min(),
                    given.real().max(),
                    given.real().steps(),
                    given.real().log());
        }
        List<JsonNode> choice = Objects.requireNonNull(given.choice());
        return new Choice(choice.stream().map(v -> text(field, v)).toList());
    }

    private static String text(String field, JsonNode value) {
        if (value.isNumber()) {
            return Parameter.text(value.decimalValue());
        }
        if (value.isBoolean()
                || (value.isTextual()
                        && !value.asText().isBlank()
                        && !value.asText().contains("'"))) {
            return value.asText();
        }
        throw new SpaceException(
                field + ".choice",
                "choice holds " + value + ": give numbers, texts without a quote in them, true or false");
    }

    private FreeParameters() {}
}
