//! Template cards: what each of the five kinds must have and may have (protocol.md §6.3).

use serde_json::{Map, Value};

use super::content::{check_url, text};
use crate::api::Refusal;
use crate::world::World;

/// What a card is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// To be sent.
    New,
    /// To stand in the place of one that was sent.
    Update,
}

/// Whether clicks on it come back, so that it can be updated.
pub fn calls_back(card: &Value) -> bool {
    let interactive = ["button_interaction", "vote_interaction", "multiple_interaction"];
    let kind = card.get("card_type").and_then(Value::as_str).unwrap_or_default();
    interactive.contains(&kind) || card.get("action_menu").is_some()
}

type Part<'a> = &'a Map<String, Value>;

/// Whether WeCom takes the card.
pub fn check(world: &World, card: Part, purpose: Use) -> Result<(), Refusal> {
    let kind = text(card, "card_type").ok_or(Refusal::CARD_TYPE)?;
    let notice = matches!(kind, "text_notice" | "news_notice");
    if !notice && !matches!(kind, "button_interaction" | "vote_interaction" | "multiple_interaction") {
        return Err(Refusal::CARD_TYPE);
    }
    let whole = Value::Object(card.clone());
    if calls_back(&whole) && !world.has_callback() {
        return Err(Refusal::CALLBACK_NEEDED);
    }
    if purpose == Use::New {
        check_task_id(world, card, calls_back(&whole))?;
    }
    if let Some(menu) = card.get("action_menu") {
        check_menu(menu.as_object().ok_or(Refusal::PARAMETER)?)?;
    }
    let title = card.get("main_title").and_then(Value::as_object).and_then(|title| text(title, "title"));
    let title = title.or_else(|| (kind == "text_notice").then(|| text(card, "sub_title_text")).flatten());
    title.ok_or(Refusal::TITLE_MISSING)?;
    check_lines(card)?;
    check_jumps(card)?;
    match kind {
        "text_notice" => check_action(card, true),
        "news_notice" => {
            check_picture(card)?;
            let paragraphs = list(card, "vertical_content_list");
            if paragraphs.len() > 4 {
                return Err(Refusal::PARAGRAPHS);
            }
            if paragraphs.iter().any(|paragraph| text(paragraph, "title").is_none()) {
                return Err(Refusal::PART_TITLE);
            }
            check_action(card, true)
        }
        "button_interaction" => {
            check_action(card, false)?;
            if let Some(selection) = card.get("button_selection").and_then(Value::as_object) {
                check_question(selection, 10)?;
            }
            check_buttons(card)
        }
        "vote_interaction" => {
            let question = card.get("checkbox").and_then(Value::as_object).ok_or(Refusal::QUESTION_KEY)?;
            check_question(question, 20)?;
            check_submit(card, purpose)
        }
        _ => {
            let questions = list(card, "select_list");
            if questions.is_empty() || questions.len() > 3 {
                return Err(Refusal::SELECT_LIST);
            }
            questions.iter().try_for_each(|question| check_question(question, 10))?;
            check_submit(card, purpose)
        }
    }
}

fn check_task_id(world: &World, card: Part, needed: bool) -> Result<(), Refusal> {
    let Some(id) = text(card, "task_id") else {
        return if needed { Err(Refusal::TASK_ID) } else { Ok(()) };
    };
    let good = id.len() <= 128 && id.chars().all(|c| c.is_ascii_alphanumeric() || "_-@".contains(c));
    if good && !world.messages.knows_task(id) { Ok(()) } else { Err(Refusal::TASK_ID) }
}

/// Objects of a list that may be absent.
fn list<'a>(card: Part<'a>, field: &str) -> Vec<Part<'a>> {
    card.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object).collect()
}

fn key<'a>(part: Part<'a>, field: &str, refusal: Refusal) -> Result<&'a str, Refusal> {
    text(part, field).filter(|key| key.len() <= 1024).ok_or(refusal)
}

fn check_menu(menu: Part) -> Result<(), Refusal> {
    let actions = list(menu, "action_list");
    if actions.is_empty() || actions.len() > 3 {
        return Err(Refusal::PARAMETER);
    }
    let mut keys = std::collections::BTreeSet::new();
    for action in actions {
        text(action, "text").ok_or(Refusal::PARAMETER)?;
        if !keys.insert(key(action, "key", Refusal::PARAMETER)?) {
            return Err(Refusal::MENU_KEY_DOUBLED);
        }
    }
    Ok(())
}

fn check_lines(card: Part) -> Result<(), Refusal> {
    let lines = list(card, "horizontal_content_list");
    if lines.len() > 6 {
        return Err(Refusal::LINES);
    }
    for line in lines {
        text(line, "keyname").ok_or(Refusal::LINE_KEYNAME)?;
        match line.get("type").and_then(Value::as_u64).unwrap_or(0) {
            1 => check_url(text(line, "url").ok_or(Refusal::CARD_URL)?)?,
            2 => drop(text(line, "media_id").ok_or(Refusal::LINE_MEDIA)?),
            3 => drop(text(line, "userid").ok_or(Refusal::LINE_USERID)?),
            _ => {}
        }
    }
    Ok(())
}

fn check_jumps(card: Part) -> Result<(), Refusal> {
    let jumps = list(card, "jump_list");
    if jumps.len() > 3 {
        return Err(Refusal::JUMPS);
    }
    for jump in jumps {
        text(jump, "title").ok_or(Refusal::PART_TITLE)?;
        check_target(jump)?;
    }
    Ok(())
}

fn check_target(part: Part) -> Result<(), Refusal> {
    match part.get("type").and_then(Value::as_u64).unwrap_or(0) {
        1 => check_url(text(part, "url").ok_or(Refusal::CARD_URL)?),
        2 => text(part, "appid").map(drop).ok_or(Refusal::CARD_APPID),
        _ => Ok(()),
    }
}

fn check_action(card: Part, needed: bool) -> Result<(), Refusal> {
    match card.get("card_action").and_then(Value::as_object) {
        None if needed => Err(Refusal::CARD_ACTION),
        None => Ok(()),
        Some(action) => match action.get("type").and_then(Value::as_u64) {
            Some(1 | 2) => check_target(action),
            Some(0) if !needed => Ok(()),
            _ => Err(Refusal::CARD_ACTION),
        },
    }
}

fn check_picture(card: Part) -> Result<(), Refusal> {
    let of = |part: &str, field: &str| {
        card.get(part).and_then(Value::as_object).and_then(|part| text(part, field))
    };
    let picture = of("card_image", "url").or_else(|| of("image_text_area", "image_url"));
    check_url(picture.ok_or(Refusal::CARD_IMAGE)?)?;
    let ratio = card.get("card_image").and_then(|image| image.get("aspect_ratio")).and_then(Value::as_f64);
    if ratio.is_some_and(|ratio| !(ratio > 1.3 && ratio < 2.25)) { Err(Refusal::PARAMETER) } else { Ok(()) }
}

fn check_question(question: Part, most: usize) -> Result<(), Refusal> {
    key(question, "question_key", Refusal::QUESTION_KEY)?;
    let options = list(question, "option_list");
    if options.is_empty() || options.len() > most {
        return Err(Refusal::OPTIONS);
    }
    for option in options {
        text(option, "id").filter(|id| id.len() <= 128).ok_or(Refusal::OPTION_ID)?;
        text(option, "text").ok_or(Refusal::OPTION_TEXT)?;
    }
    Ok(())
}

fn check_buttons(card: Part) -> Result<(), Refusal> {
    let buttons = list(card, "button_list");
    if buttons.is_empty() || buttons.len() > 6 {
        return Err(Refusal::BUTTON_TEXT);
    }
    for button in buttons {
        text(button, "text").ok_or(Refusal::BUTTON_TEXT)?;
        match button.get("type").and_then(Value::as_u64).unwrap_or(0) {
            1 => check_url(text(button, "url").ok_or(Refusal::CARD_URL)?)?,
            _ => drop(key(button, "key", Refusal::BUTTON_KEY)?),
        }
    }
    Ok(())
}

fn check_submit(card: Part, purpose: Use) -> Result<(), Refusal> {
    match card.get("submit_button").and_then(Value::as_object) {
        None if purpose == Use::Update => Ok(()),
        None => Err(Refusal::SUBMIT_TEXT),
        Some(button) => {
            text(button, "text").ok_or(Refusal::SUBMIT_TEXT)?;
            key(button, "key", Refusal::SUBMIT_KEY).map(drop)
        }
    }
}
