//! What WeCom would refuse of a card (codes 42014 to 42051), found before it is asked.

use super::{
    ActionMenu, ButtonAction, ButtonInteraction, Jump, Line, LineKind, MultipleInteraction, NewsNotice,
    Quote, Selection, SubmitButton, Target, TemplateCard, TextNotice, Title, VoteInteraction,
};
use crate::message::{MAX_URL_BYTES, MessageError, at_most, check_link, filled, within};

const MAX_KEY_BYTES: usize = 1024;
const MAX_OPTION_ID_BYTES: usize = 128;
const MAX_TASK_ID_BYTES: usize = 128;

/// What a card is checked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// To be sent.
    New,
    /// To stand in the place of one that was sent.
    Update,
}

impl TemplateCard {
    /// Whether WeCom would take it; the error names the part.
    pub(crate) fn check(&self, purpose: Use) -> Result<(), MessageError> {
        let (task_id, menu) = match self {
            TemplateCard::TextNotice(card) => (&card.task_id, card.action_menu.as_ref()),
            TemplateCard::NewsNotice(card) => (&card.task_id, card.action_menu.as_ref()),
            TemplateCard::ButtonInteraction(card) => (&card.task_id, card.action_menu.as_ref()),
            TemplateCard::VoteInteraction(card) => (&card.task_id, None),
            TemplateCard::MultipleInteraction(card) => (&card.task_id, None),
        };
        let calls_back = menu.is_some() || !matches!(self, Self::TextNotice(_) | Self::NewsNotice(_));
        match (task_id, purpose) {
            (Some(id), Use::New) if !is_task_id(id) => return Err(MessageError::BadTaskId),
            (None, Use::New) if calls_back => return Err(MessageError::Empty("task_id")),
            (Some(_), Use::Update) => return Err(MessageError::Unexpected("task_id")),
            _ => {}
        }
        if let Some(menu) = menu {
            menu.check()?;
        }
        match self {
            TemplateCard::TextNotice(card) => card.check(),
            TemplateCard::NewsNotice(card) => card.check(),
            TemplateCard::ButtonInteraction(card) => card.check(purpose),
            TemplateCard::VoteInteraction(card) => card.check(purpose),
            TemplateCard::MultipleInteraction(card) => card.check(purpose),
        }
    }
}

fn is_task_id(id: &str) -> bool {
    (1..=MAX_TASK_ID_BYTES).contains(&id.len())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || "_-@".contains(c))
}

fn check_key(field: &'static str, key: &str) -> Result<(), MessageError> {
    filled(field, key)?;
    within(field, key.len(), "bytes", MAX_KEY_BYTES)
}

/// At least one and no more than `limit` of them.
fn some(field: &'static str, count: usize, limit: usize) -> Result<(), MessageError> {
    within(field, count, "entries", limit)
}

fn different<'a>(field: &'static str, keys: impl Iterator<Item = &'a str>) -> Result<(), MessageError> {
    let mut seen = std::collections::BTreeSet::new();
    keys.into_iter().all(|key| seen.insert(key)).then_some(()).ok_or(MessageError::Repeated(field))
}

impl Target {
    fn check(&self) -> Result<(), MessageError> {
        match self {
            Target::Page(url) => check_link(url),
            Target::MiniProgram { appid, .. } => filled("the mini program's appid", appid),
        }
    }
}

impl ActionMenu {
    fn check(&self) -> Result<(), MessageError> {
        some("action_menu.action_list", self.action_list.len(), 3)?;
        for action in &self.action_list {
            filled("action_menu.action_list.text", &action.text)?;
            check_key("action_menu.action_list.key", &action.key)?;
        }
        different("action_menu.action_list.key", self.action_list.iter().map(|action| action.key.as_str()))
    }
}

fn check_title(title: &Title) -> Result<(), MessageError> {
    filled("main_title.title", title.title.as_deref().unwrap_or_default())
}

fn check_quote(quote: Option<&Quote>) -> Result<(), MessageError> {
    quote.and_then(|quote| quote.target.as_ref()).map_or(Ok(()), Target::check)
}

fn check_lines(lines: &[Line]) -> Result<(), MessageError> {
    at_most("horizontal_content_list", lines.len(), 6)?;
    for line in lines {
        filled("horizontal_content_list.keyname", &line.keyname)?;
        match &line.kind {
            LineKind::Text => {}
            LineKind::Page(url) => check_link(url)?,
            LineKind::File(id) => filled("horizontal_content_list.media_id", id)?,
            LineKind::Member(userid) => filled("horizontal_content_list.userid", userid)?,
        }
    }
    Ok(())
}

fn check_jumps(jumps: &[Jump]) -> Result<(), MessageError> {
    at_most("jump_list", jumps.len(), 3)?;
    for jump in jumps {
        filled("jump_list.title", &jump.title)?;
        jump.target.check()?;
    }
    Ok(())
}

fn check_picture(url: &str) -> Result<(), MessageError> {
    within("the picture's address", url.len(), "bytes", MAX_URL_BYTES)?;
    check_link(url)
}

impl Selection {
    fn check(&self) -> Result<(), MessageError> {
        check_key("question_key", &self.question_key)?;
        some("option_list", self.option_list.len(), 10)?;
        check_options(self.option_list.iter().map(|option| (option.id.as_str(), option.text.as_str())))?;
        match &self.selected_id {
            Some(id) if !self.option_list.iter().any(|option| option.id == *id) => {
                Err(MessageError::Unexpected("selected_id"))
            }
            _ => Ok(()),
        }
    }
}

fn check_options<'a>(options: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Result<(), MessageError> {
    for (id, text) in options.clone() {
        within("option_list.id", id.len(), "bytes", MAX_OPTION_ID_BYTES)?;
        filled("option_list.text", text)?;
    }
    different("option_list.id", options.map(|(id, _)| id))
}

fn check_submit(button: Option<&SubmitButton>, purpose: Use) -> Result<(), MessageError> {
    match button {
        Some(button) => {
            filled("submit_button.text", &button.text)?;
            check_key("submit_button.key", &button.key)
        }
        None if purpose == Use::Update => Ok(()),
        None => Err(MessageError::Empty("submit_button")),
    }
}

fn check_replacement(text: Option<&str>, purpose: Use) -> Result<(), MessageError> {
    match text {
        Some(_) if purpose == Use::New => Err(MessageError::Unexpected("replace_text")),
        _ => Ok(()),
    }
}

impl TextNotice {
    fn check(&self) -> Result<(), MessageError> {
        let title = self.main_title.as_ref().and_then(|title| title.title.as_deref()).unwrap_or_default();
        if title.is_empty() && self.sub_title_text.as_deref().unwrap_or_default().is_empty() {
            return Err(MessageError::Empty("main_title.title"));
        }
        check_quote(self.quote_area.as_ref())?;
        check_lines(&self.horizontal_content_list)?;
        check_jumps(&self.jump_list)?;
        self.card_action.0.check()
    }
}

impl NewsNotice {
    fn check(&self) -> Result<(), MessageError> {
        check_title(&self.main_title)?;
        check_quote(self.quote_area.as_ref())?;
        match (&self.image_text_area, &self.card_image) {
            (None, None) => return Err(MessageError::Empty("card_image")),
            (Some(area), _) => check_picture(&area.image_url)?,
            (_, Some(image)) => check_picture(&image.url)?,
        }
        let ratio = self.card_image.as_ref().and_then(|image| image.aspect_ratio);
        if ratio.is_some_and(|ratio| !(ratio > 1.3 && ratio < 2.25)) {
            return Err(MessageError::BadRatio);
        }
        at_most("vertical_content_list", self.vertical_content_list.len(), 4)?;
        for paragraph in &self.vertical_content_list {
            filled("vertical_content_list.title", paragraph.title.as_deref().unwrap_or_default())?;
        }
        check_lines(&self.horizontal_content_list)?;
        check_jumps(&self.jump_list)?;
        self.card_action.0.check()
    }
}

impl ButtonInteraction {
    fn check(&self, purpose: Use) -> Result<(), MessageError> {
        check_title(&self.main_title)?;
        check_quote(self.quote_area.as_ref())?;
        check_lines(&self.horizontal_content_list)?;
        self.card_action.as_ref().map_or(Ok(()), |action| action.0.check())?;
        self.button_selection.as_ref().map_or(Ok(()), Selection::check)?;
        some("button_list", self.button_list.len(), 6)?;
        for button in &self.button_list {
            filled("button_list.text", &button.text)?;
            match &button.does {
                ButtonAction::CallBack(key) => check_key("button_list.key", key)?,
                ButtonAction::Page(url) => check_link(url)?,
            }
        }
        check_replacement(self.replace_text.as_deref(), purpose)
    }
}

impl VoteInteraction {
    fn check(&self, purpose: Use) -> Result<(), MessageError> {
        check_title(&self.main_title)?;
        check_key("checkbox.question_key", &self.checkbox.question_key)?;
        some("checkbox.option_list", self.checkbox.option_list.len(), 20)?;
        let options = &self.checkbox.option_list;
        check_options(options.iter().map(|option| (option.id.as_str(), option.text.as_str())))?;
        check_submit(self.submit_button.as_ref(), purpose)?;
        check_replacement(self.replace_text.as_deref(), purpose)
    }
}

impl MultipleInteraction {
    fn check(&self, purpose: Use) -> Result<(), MessageError> {
        check_title(&self.main_title)?;
        some("select_list", self.select_list.len(), 3)?;
        self.select_list.iter().try_for_each(Selection::check)?;
        different("question_key", self.select_list.iter().map(|list| list.question_key.as_str()))?;
        check_submit(self.submit_button.as_ref(), purpose)?;
        check_replacement(self.replace_text.as_deref(), purpose)
    }
}
