//! Prompt templates and the texts of features.

use serde_json::Value;

use crate::record::Members;

/// `text` with every `{{name}}` replaced by the variable of that name.
///
/// Strings go in bare, other values as compact JSON. What is put in is not looked at again, so a
/// value cannot bring in another variable. Blanks around a name do not count.
///
/// ```
/// use contextrail::assembly::render_template;
/// use contextrail::record::Members;
///
/// let variables = Members::from([("score".to_owned(), 720.into())]);
/// assert_eq!(render_template("Score: {{score}}", &variables)?, "Score: 720");
/// # Ok::<(), contextrail::assembly::TemplateError>(())
/// ```
///
/// # Errors
///
/// [`TemplateError`] when a variable is missing or a `{{` has no `}}`.
pub fn render_template(text: &str, variables: &Members) -> Result<String, TemplateError> {
    let mut rendered = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        rendered.push_str(before);
        let at = text.len() - after.len() - "{{".len();
        let (name, after) = after
            .split_once("}}")
            .ok_or(TemplateError::Unclosed { at })?;
        let value = variables
            .get(name)
            .or_else(|| variables.get(name.trim()))
            .ok_or_else(|| TemplateError::missing(name.trim(), at, variables))?;
        push_value(&mut rendered, value);
        rest = after;
    }
    rendered.push_str(rest);
    Ok(rendered)
}

/// The text of a feature as an item: `name: value`.
///
/// Strings stand bare, other values as compact JSON.
#[must_use]
pub fn feature_text(name: &str, value: &Value) -> String {
    let mut text = format!("{name}: ");
    push_value(&mut text, value);
    text
}

/// The text of a value: a string bare, anything else as compact JSON, in the form records have it:
/// `1` for 1.0, as RFC 8785 writes numbers.
#[must_use]
pub fn value_text(value: &Value) -> String {
    let mut text = String::new();
    push_value(&mut text, value);
    text
}

fn push_value(text: &mut String, value: &Value) {
    match value {
        Value::String(value) => text.push_str(value),
        value => push_json(text, value),
    }
}

fn push_json(text: &mut String, value: &Value) {
    match value {
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(double) => text.push_str(ryu_js::Buffer::new().format_finite(double)),
            None => text.push_str(&number.to_string()),
        },
        Value::Array(values) => {
            push_list(text, ['[', ']'], values, push_json);
        }
        Value::Object(members) => {
            push_list(text, ['{', '}'], members, |text, (name, value)| {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                push_json(text, value);
            });
        }
        other => text.push_str(&other.to_string()),
    }
}

fn push_list<T>(
    text: &mut String,
    [open, close]: [char; 2],
    elements: impl IntoIterator<Item = T>,
    push: impl Fn(&mut String, T),
) {
    text.push(open);
    for (index, element) in elements.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        push(text, element);
    }
    text.push(close);
}

/// A template cannot be rendered.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// There is no variable of that name.
    #[error(
        "the template needs a variable {name:?} (at byte {at}), and {}",
        known_variables(.known)
    )]
    MissingVariable {
        /// The name asked for.
        name: String,
        /// The byte of the template where the variable stands.
        at: usize,
        /// The names there are.
        known: Vec<String>,
    },
    /// A `{{` has no `}}` after it.
    #[error("the template has a `{{{{` at byte {at} without a `}}}}` after it")]
    Unclosed {
        /// The byte of the template where the braces stand.
        at: usize,
    },
}

impl TemplateError {
    fn missing(name: &str, at: usize, variables: &Members) -> Self {
        Self::MissingVariable {
            name: name.to_owned(),
            at,
            known: variables.keys().cloned().collect(),
        }
    }
}

fn known_variables(known: &[String]) -> String {
    match known {
        [] => "none are given".to_owned(),
        known => format!("those given are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn variables(members: Value) -> Members {
        serde_json::from_value(members).unwrap()
    }

    #[test]
    fn strings_go_in_bare_and_other_values_as_compact_json() {
        let given = variables(json!({"s": "a \"b\"", "n": 1.5, "o": {"k": [1, null]}}));
        let rendered = render_template("{{s}}|{{n}}|{{o}}|{{ s }}", &given).unwrap();
        assert_eq!(rendered, r#"a "b"|1.5|{"k":[1,null]}|a "b""#);
    }

    #[test]
    fn what_is_put_in_is_not_expanded_again() {
        let given = variables(json!({"a": "{{b}}", "b": "x"}));
        assert_eq!(render_template("{{a}}{{b}}", &given).unwrap(), "{{b}}x");
    }

    #[test]
    fn single_braces_are_text() {
        let text = r#"{"x": {"y": 1}} }} {z}"#;
        assert_eq!(render_template(text, &Members::new()).unwrap(), text);
    }

    #[test]
    fn a_missing_variable_is_named_with_the_known_ones() {
        let given = variables(json!({"rules": "", "name": ""}));
        let error = render_template("Hi {{nmae}}", &given).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the template needs a variable \"nmae\" (at byte 3), and those given are name, rules"
        );
    }

    #[test]
    fn open_braces_without_an_end_are_an_error() {
        let error = render_template("a {{b", &Members::new()).unwrap_err();
        assert_eq!(error, TemplateError::Unclosed { at: 2 });
        assert_eq!(
            error.to_string(),
            "the template has a `{{` at byte 2 without a `}}` after it"
        );
    }

    #[test]
    fn a_feature_reads_as_name_and_value() {
        assert_eq!(feature_text("score", &json!(720)), "score: 720");
        assert_eq!(feature_text("segment", &json!("gold")), "segment: gold");
        assert_eq!(feature_text("x", &json!({"a": [1]})), r#"x: {"a":[1]}"#);
        assert_eq!(feature_text("x", &Value::Null), "x: null");
    }

    #[test]
    fn numbers_read_as_records_have_them() {
        for (value, text) in [
            (json!(1.0), "1"),
            (json!(-0.0), "0"),
            (json!(1e21), "1e+21"),
            (json!(0.5), "0.5"),
            (
                json!({"b": [2.0, "q\"", true], "a": {}}),
                r#"{"a":{},"b":[2,"q\"",true]}"#,
            ),
        ] {
            assert_eq!(feature_text("f", &value), format!("f: {text}"));
            assert_eq!(value_text(&value), text);
        }
    }
}
