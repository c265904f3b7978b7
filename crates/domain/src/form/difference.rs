//! What a new version of a form changes, for whoever publishes it.

use super::Form;

/// How one version differs from another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Titles of the questions that are new.
    pub added: Vec<String>,
    /// Of those that are gone.
    pub removed: Vec<String>,
    /// Of those that are asked otherwise.
    pub changed: Vec<String>,
    /// Whether the questions that stay stand in another order.
    pub reordered: bool,
    /// What else: `title`, `purpose`, `legal_basis`, `cadence`, `audience`, `abnormal`, `checks`, `statistics`, `trip`,
    /// `quick`.
    pub parts: Vec<&'static str>,
}

/// What `after` changes in `before`.
pub fn between(before: &Form, after: &Form) -> Difference {
    let kept = |one: &Form, other: &Form| -> Vec<String> {
        one.fields.iter().map(|field| field.name.clone()).filter(|name| other.field(name).is_some()).collect()
    };
    let missing = |one: &Form, other: &Form| -> Vec<String> {
        let gone = one.fields.iter().filter(|field| other.field(&field.name).is_none());
        gone.map(|field| field.title.clone()).collect()
    };
    let changed =
        after.fields.iter().filter(|field| before.field(&field.name).is_some_and(|old| old != *field));
    let parts = [
        ("title", before.title != after.title),
        ("purpose", before.purpose != after.purpose),
        ("legal_basis", before.legal_basis != after.legal_basis),
        ("cadence", before.cadence != after.cadence),
        ("audience", before.audience != after.audience),
        ("abnormal", before.abnormal != after.abnormal),
        ("checks", before.checks != after.checks),
        ("statistics", before.statistics != after.statistics),
        ("trip", before.trip != after.trip || before.place != after.place),
        ("quick", before.quick != after.quick),
    ];
    Difference {
        added: missing(after, before),
        removed: missing(before, after),
        changed: changed.map(|field| field.title.clone()).collect(),
        reordered: kept(before, after) != kept(after, before),
        parts: parts.into_iter().filter(|(_, differs)| *differs).map(|(part, _)| part).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_version_says_what_it_changes() {
        let before: Form =
            serde_json::from_str(include_str!("../../../../fixtures/forms/health-daily.json")).unwrap();
        assert_eq!(between(&before, &before), Difference::default());
        let mut after = before.clone();
        after.title = "健康日报（新）".into();
        after.fields.swap(0, 1);
        after.fields[2].required = false;
        let gone = after.fields.pop().unwrap();
        let mut new = after.fields[0].clone();
        new.name = "place_2".into();
        new.title = "昨晚住在哪里".into();
        after.fields.push(new);
        assert_eq!(
            between(&before, &after),
            Difference {
                added: vec!["昨晚住在哪里".into()],
                removed: vec![gone.title],
                changed: vec![before.fields[2].title.clone()],
                reordered: true,
                parts: vec!["title"],
            }
        );
    }
}
