package dev.mlops.nas.api;

import com.sun.source.doctree.DocCommentTree;
import com.sun.source.doctree.DocTree;
import com.sun.source.doctree.EntityTree;
import com.sun.source.doctree.LinkTree;
import com.sun.source.doctree.LiteralTree;
import com.sun.source.doctree.ParamTree;
import com.sun.source.doctree.TextTree;
import com.sun.source.doctree.ValueTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePathScanner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;

/** The javadoc of the API's sources, so that {@code kubectl explain} tells what the Java types say, written once. */
public final class Javadoc {
    private final Map<String, String> sentences = new HashMap<>();
    private final Map<String, String> constants = new HashMap<>();

    /** Reads every source file of a folder. */
    public static Javadoc read(Path folder) throws IOException {
        var javadoc = new Javadoc();
        var compiler = ToolProvider.getSystemJavaCompiler();
        try (var files = compiler.getStandardFileManager(null, null, null);
                var sources = Files.list(folder)) {
            var task = (JavacTask) compiler.getTask(
                    null,
                    files,
                    null,
                    List.of("-proc:none"),
                    null,
                    files.getJavaFileObjectsFromPaths(
                            sources.filter(f -> f.toString().endsWith(".java")).toList()));
            var trees = DocTrees.instance(task);
            task.parse().forEach(unit -> javadoc.new Collector(trees).scan(unit, ""));
        }
        javadoc.constants.forEach((name, value) ->
                javadoc.sentences.replaceAll((_, sentence) -> sentence.replace("${" + name + "}", value)));
        return javadoc;
    }

    /** What a type is, its first sentence; null where nothing is written. */
    public String ofType(Class<?> type) {
        return sentences.get(name(type));
    }

    /** What a record component is; null where nothing is written. */
    public String ofComponent(Class<?> type, String component) {
        return sentences.get(name(type) + "#" + component);
    }

    private static String name(Class<?> type) {
        return type.getName().substring(type.getPackageName().length() + 1);
    }

    private final class Collector extends TreePathScanner<Void, String> {
        private final DocTrees trees;

        private Collector(DocTrees trees) {
            this.trees = trees;
        }

        @Override
        public Void visitClass(ClassTree type, String outer) {
            String name = outer + type.getSimpleName();
            DocCommentTree comment = trees.getDocCommentTree(getCurrentPath());
            if (comment != null) {
                sentences.put(name, sentence(comment.getFirstSentence()));
                for (DocTree tag : comment.getBlockTags()) {
                    if (tag instanceof ParamTree param && !param.isTypeParameter()) {
                        sentences.put(name + "#" + param.getName(), sentence(param.getDescription()));
                    }
                }
            }
            return super.visitClass(type, name + "$");
        }

        @Override
        public Void visitVariable(VariableTree variable, String outer) {
            if (variable.getInitializer() instanceof com.sun.source.tree.LiteralTree literal) {
                constants.put(variable.getName().toString(), String.valueOf(literal.getValue()));
            }
            return null;
        }
    }

    private static String sentence(List<? extends DocTree> parts) {
        String text = parts.stream()
                .map(Javadoc::plain)
                .collect(Collectors.joining())
                .replaceAll("\\s+", " ")
                .strip();
        String begun = text.matches("[a-z]+[A-Z].*")
                ? text
                : text.substring(0, 1).toUpperCase(java.util.Locale.ROOT) + text.substring(1);
        return begun.endsWith(".") ? begun : begun + ".";
    }

    private static String plain(DocTree part) {
        return switch (part) {
            case TextTree text -> text.getBody();
            case LiteralTree literal -> literal.getBody().getBody();
            case EntityTree entity ->
                switch (entity.getName().toString()) {
                    case "lt" -> "<";
                    case "gt" -> ">";
                    default -> "&";
                };
            case ValueTree value -> "${" + value.getReference().getSignature().replaceFirst(".*#", "") + "}";
            case LinkTree link -> link.getReference().getSignature().replaceFirst(".*[.#]", "");
            default -> throw new IllegalStateException("no plain text for the javadoc " + part);
        };
    }
}
