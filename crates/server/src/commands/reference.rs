//! `rollcall reference`: the tables of docs/ that are made from the code, so that they can't lie.

use std::fmt::Write;

use clap::ValueEnum;
use domain::{
    policy::{Action, Role},
    reading::{Limits, Reading},
};
use serde_json::Value;
use utoipa::OpenApi;

use crate::{config, http::problem::HTTP_FAILURES, privacy};

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Table {
    /// docs/CONFIG.md
    Config,
    /// docs/ERRORS.md
    Errors,
    /// docs/RIGHTS.md
    Rights,
    /// docs/PRIVACY.md
    Privacy,
}

/// The whole file.
pub fn text(table: Table) -> String {
    match table {
        Table::Config => config_keys(),
        Table::Errors => errors(),
        Table::Rights => rights(),
        Table::Privacy => privacy::text(),
    }
}

fn rights() -> String {
    let mut text = String::from(
        "# Rights 权限\n\n\
         Made by `rollcall reference rights` from `domain::policy`. A right holds for those counted under the department of a \
         grant, until its last day; several grants add up and never lend each other rights. Everybody has their own data. Why a \
         role has what it has is in [ADR 6](adr/0006-who-may-do-what.md).\n\n\
         | 权限 |",
    );
    for role in Role::ALL {
        let _ = write!(text, " {} |", role.title());
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(Role::ALL.len()));
    text.push('\n');
    for action in Action::ALL {
        let _ = write!(text, "| {} |", action.title());
        for role in Role::ALL {
            text.push_str(if role.may(action) { " ● |" } else { " |" });
        }
        text.push('\n');
    }
    text.push_str("\n部门负责人的授权如果是全校的，只看不动：不能催办、邀请激活、签人员流动。\n");
    text.push_str("\n邀请访客不需要授权：教职工都可以，只看得到自己邀请的人；学生不可以。\n");
    budgets(&mut text);
    text
}

/// How many people's data a role may read a day.
fn budgets(text: &mut String) {
    text.push_str(
        "\n## 查看额度\n\n一个账号每天最多看多少人；同一个人当天再看不算，导出的每张表都算；统计、核查、进出和门禁告警的名单上显示为异常或待核查的人，\
         算“看异常名单”；行程、进出和宿舍的名单上的人，算“看行踪名单”，三种各算各的。有几个角色的，按大的那个。学校可以在 `schools.reading_budgets` 里改，管理员或审计员可以为别人放宽当天的额度。\n\n| 角色 |",
    );
    for reading in Reading::ALL {
        let _ = write!(text, " {} |", reading.title());
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(Reading::ALL.len()));
    text.push('\n');
    for role in Role::ALL {
        let _ = write!(text, "| {} |", role.title());
        for reading in Reading::ALL {
            match Limits::of(role).get(reading) {
                0 => text.push_str(" |"),
                limit => {
                    let _ = write!(text, " {limit} |");
                }
            }
        }
        text.push('\n');
    }
}

fn errors() -> String {
    let mut text = String::from(
        "# Errors 错误\n\n\
         Made by `rollcall reference errors`. Every error answer is `application/problem+json` (RFC 9457); programs read \
         `code`, people read `title` and `detail`, and `errors` names each field at fault.\n\n\
         | code | HTTP | title 发生了什么 | detail 怎么办 |\n|---|---|---|---|\n",
    );
    let known = app::Error::catalogue().map(|known| (known.code, known.status, known.title, known.remedy));
    let mut rows: Vec<_> = known.into_iter().chain(HTTP_FAILURES).collect();
    rows.sort_by_key(|(code, status, ..)| (*status, *code));
    rows.dedup_by_key(|(code, ..)| *code);
    for (code, status, title, remedy) in rows {
        let _ = writeln!(text, "| `{code}` | {status} | {title} | {remedy} |");
    }
    text
}

#[derive(OpenApi)]
#[openapi(components(schemas(
    config::Config,
    config::Server,
    config::Database,
    config::Redis,
    config::Sealing,
    config::Vault,
    config::Audit,
    config::Wecom,
    config::School,
    config::AppSecrets,
    config::Approvals,
    config::ContactsSecrets
)))]
struct Keys;

fn config_keys() -> String {
    let mut text = String::from(
        "# Configuration 配置\n\n\
         Made by `rollcall reference config`. One TOML file (`--config`, or `ROLLCALL_CONFIG`); an environment variable \
         replaces a key: `ROLLCALL_DATABASE__URL` is `database.url`. `rollcall config check` reads it without starting. A \
         commented example is `deploy/production/rollcall.toml`.\n\n\
         A secret may stand in a file of its own: `token = { file = \"/etc/rollcall/token\" }`, or `{ file = \
         \"$CREDENTIALS_DIRECTORY/token\" }` for what systemd gives the unit (`LoadCredential=token:…`); as environment variables \
         `ROLLCALL_DATABASE__URL__FILE`. `rollcall config check` lists where each comes from, without what it says.\n\n\
         | key | needed | meaning |\n|---|---|---|\n",
    );
    let document = serde_json::to_value(Keys::openapi()).unwrap_or_default();
    let schemas = &document["components"]["schemas"];
    write_keys(&mut text, schemas, &schemas["Config"], "");
    text
}

fn write_keys(text: &mut String, schemas: &Value, schema: &Value, prefix: &str) {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let key = format!("{prefix}{name}");
        match section(schemas, property) {
            Some(inner) => write_keys(text, schemas, inner, &format!("{key}.")),
            None => {
                let needed = if required.contains(&name.as_str()) { "yes" } else { "no" };
                let meaning = property["description"].as_str().unwrap_or_default().replace('\n', " ");
                let _ = writeln!(text, "| `{key}` | {needed} | {meaning} |");
            }
        }
    }
}

/// The section a property leads to, whether it stands alone, may be left out, or is repeated.
fn section<'a>(schemas: &'a Value, property: &Value) -> Option<&'a Value> {
    let reference = |value: &Value| value["$ref"].as_str().map(str::to_owned);
    let found = reference(property)
        .or_else(|| reference(&property["items"]))
        .or_else(|| property["oneOf"].as_array()?.iter().find_map(reference))
        .or_else(|| property["allOf"].as_array()?.iter().find_map(reference))?;
    schemas.get(found.rsplit('/').next()?)
}
