//! Template cards (doc 90236): five kinds, each with the parts it can have. What a kind needs is a field, what it
//! may have is an option, what it can't have isn't there.
//!
//! Lengths that WeCom only recommends for display are not checked; those it refuses are.

use serde::Serialize;

mod check;

pub(crate) use check::Use;

/// A card of one of the five kinds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "card_type", rename_all = "snake_case")]
pub enum TemplateCard {
    /// Something to know, with a number to stand out and lines below.
    TextNotice(TextNotice),
    /// Something to know, with a picture.
    NewsNotice(NewsNotice),
    /// Up to six buttons, and a choice above them.
    ButtonInteraction(ButtonInteraction),
    /// One question, one or several answers.
    VoteInteraction(VoteInteraction),
    /// Up to three choices.
    MultipleInteraction(MultipleInteraction),
}

/// Something to know. Needs a title or a `sub_title_text`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TextNotice {
    /// Where it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The menu at the upper right; makes `task_id` needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_menu: Option<ActionMenu>,
    /// Letters, digits and `_-@`, at most 128 bytes, one card of the app only. Not in an update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main_title: Option<Title>,
    /// A quotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote_area: Option<Quote>,
    /// What stands out: about 14 and 22 characters are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emphasis_content: Option<Title>,
    /// About 160 characters are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_title_text: Option<String>,
    /// At most six lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub horizontal_content_list: Vec<Line>,
    /// At most three links below.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jump_list: Vec<Jump>,
    /// Where a tap on the card leads.
    pub card_action: CardAction,
}

/// Something to know, with a picture.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct NewsNotice {
    /// Where it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The menu at the upper right; makes `task_id` needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_menu: Option<ActionMenu>,
    /// Letters, digits and `_-@`, at most 128 bytes, one card of the app only. Not in an update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The title; its `title` is needed.
    pub main_title: Title,
    /// A quotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote_area: Option<Quote>,
    /// A picture beside a text; this or `card_image`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_text_area: Option<ImageText>,
    /// A picture over the whole width; this or `image_text_area`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_image: Option<CardImage>,
    /// At most four paragraphs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vertical_content_list: Vec<Title>,
    /// At most six lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub horizontal_content_list: Vec<Line>,
    /// At most three links below.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jump_list: Vec<Jump>,
    /// Where a tap on the card leads.
    pub card_action: CardAction,
}

/// Buttons. Needs a `task_id`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ButtonInteraction {
    /// Where it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The menu at the upper right; makes `task_id` needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_menu: Option<ActionMenu>,
    /// Letters, digits and `_-@`, at most 128 bytes, one card of the app only. Not in an update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The title; its `title` is needed.
    pub main_title: Title,
    /// A quotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote_area: Option<Quote>,
    /// About 160 characters are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_title_text: Option<String>,
    /// At most six lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub horizontal_content_list: Vec<Line>,
    /// Where a tap on the card leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_action: Option<CardAction>,
    /// A choice above the buttons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub button_selection: Option<Selection>,
    /// One to six.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub button_list: Vec<Button>,
    /// In an update only: the grey button that stands in the place of the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace_text: Option<String>,
}

/// A vote. Needs a `task_id`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct VoteInteraction {
    /// Where it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Letters, digits and `_-@`, at most 128 bytes, one card of the app only. Not in an update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The title; its `title` is needed.
    pub main_title: Title,
    /// The question.
    pub checkbox: Checkbox,
    /// Needed but in an update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submit_button: Option<SubmitButton>,
    /// In an update only: the grey button that stands in the place of the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace_text: Option<String>,
}

/// Several choices. Needs a `task_id`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct MultipleInteraction {
    /// Where it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Letters, digits and `_-@`, at most 128 bytes, one card of the app only. Not in an update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The title; its `title` is needed.
    pub main_title: Title,
    /// One to three.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub select_list: Vec<Selection>,
    /// Needed but in an update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submit_button: Option<SubmitButton>,
    /// In an update only: the grey button that stands in the place of the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace_text: Option<String>,
}

/// A title and what stands below it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Title {
    /// About 36 characters are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// About 44 characters are shown, 160 in votes and choices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc: Option<String>,
}

/// Where a card comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Source {
    /// 72 × 72.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<String>,
    /// About 20 characters are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc: Option<String>,
    /// 0 grey, 1 black, 2 red, 3 green. Not in votes and choices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc_color: Option<u8>,
}

/// The menu at the upper right. A tap comes back as `template_card_menu_event`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ActionMenu {
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc: Option<String>,
    /// One to three, of different keys.
    pub action_list: Vec<MenuAction>,
}

/// An entry of an [`ActionMenu`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MenuAction {
    /// What it says.
    pub text: String,
    /// What comes back, at most 1024 bytes.
    pub key: String,
}

/// Where a tap leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A page.
    Page(String),
    /// A mini program bound to the corp.
    MiniProgram {
        /// Its id.
        appid: String,
        /// The page in it.
        pagepath: Option<String>,
    },
}

#[derive(Serialize)]
struct TargetFields<'a> {
    r#type: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    appid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pagepath: Option<&'a str>,
}

impl Serialize for Target {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Target::Page(url) => TargetFields { r#type: 1, url: Some(url), appid: None, pagepath: None },
            Target::MiniProgram { appid, pagepath } => {
                TargetFields { r#type: 2, url: None, appid: Some(appid), pagepath: pagepath.as_deref() }
            }
        }
        .serialize(serializer)
    }
}

/// Where a tap on the card leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct CardAction(pub Target);

impl Default for CardAction {
    /// Nowhere yet: refused when the card is checked.
    fn default() -> Self {
        CardAction(Target::Page(String::new()))
    }
}

/// A quotation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Quote {
    /// Where a tap leads.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What is quoted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote_text: Option<String>,
}

/// A picture beside a text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImageText {
    /// Where a tap leads.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc: Option<String>,
    /// The picture.
    pub image_url: String,
}

/// A picture over the whole width.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CardImage {
    /// The picture.
    pub url: String,
    /// Width by height, above 1.3 and below 2.25; 1.3 where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aspect_ratio: Option<f64>,
}

/// A line: a name on the left, a value on the right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// About five characters are shown.
    pub keyname: String,
    /// About 30 characters are shown; of a file its name with extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What a tap opens.
    #[serde(flatten)]
    pub kind: LineKind,
}

/// What a tap on a [`Line`] opens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LineKind {
    /// Nothing.
    #[default]
    Text,
    /// A page.
    Page(String),
    /// A file, by its media id.
    File(String),
    /// A member's details, by user id.
    Member(String),
}

#[derive(Default, Serialize)]
struct LineFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    userid: Option<&'a str>,
}

impl Serialize for LineKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let none = LineFields::default();
        match self {
            LineKind::Text => none,
            LineKind::Page(url) => LineFields { r#type: Some(1), url: Some(url), ..none },
            LineKind::File(id) => LineFields { r#type: Some(2), media_id: Some(id), ..none },
            LineKind::Member(userid) => LineFields { r#type: Some(3), userid: Some(userid), ..none },
        }
        .serialize(serializer)
    }
}

/// A link below.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Jump {
    /// Where it leads.
    #[serde(flatten)]
    pub target: Target,
    /// About 18 characters are shown.
    pub title: String,
}

/// A choice from a list: up to ten options.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Selection {
    /// What comes back with the choice, at most 1024 bytes; its own in each card.
    pub question_key: String,
    /// What is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The choices.
    pub option_list: Vec<Choice>,
    /// What is chosen at first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected_id: Option<String>,
    /// In an update only: it can't be changed any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable: Option<bool>,
}

/// An option of a [`Selection`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// What comes back, at most 128 bytes.
    pub id: String,
    /// About 16 characters are shown.
    pub text: String,
}

/// A question with up to twenty options.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checkbox {
    /// What comes back with the answer, at most 1024 bytes.
    pub question_key: String,
    /// Whether several may be ticked.
    #[serde(rename = "mode", serialize_with = "as_number")]
    pub several: bool,
    /// The options.
    pub option_list: Vec<Tick>,
    /// In an update only: it can't be changed any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable: Option<bool>,
}

fn as_number<S: serde::Serializer>(flag: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(u8::from(*flag))
}

/// An option of a [`Checkbox`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tick {
    /// What comes back, at most 128 bytes.
    pub id: String,
    /// About 17 characters are shown.
    pub text: String,
    /// Whether it is ticked at first.
    pub is_checked: bool,
}

/// A button of a [`ButtonInteraction`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Button {
    /// About ten characters are shown.
    pub text: String,
    /// 1 to 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<u8>,
    /// What a tap does.
    #[serde(flatten)]
    pub does: ButtonAction,
}

/// What a tap on a [`Button`] does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ButtonAction {
    /// Comes back as `template_card_event` with this key, at most 1024 bytes.
    CallBack(String),
    /// Opens a page.
    Page(String),
}

impl Serialize for ButtonAction {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        match self {
            ButtonAction::CallBack(key) => map.serialize_entry("key", key)?,
            ButtonAction::Page(url) => {
                map.serialize_entry("type", &1)?;
                map.serialize_entry("url", url)?;
            }
        }
        map.end()
    }
}

/// Sends what was chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SubmitButton {
    /// About ten characters are shown.
    pub text: String,
    /// What comes back, at most 1024 bytes.
    pub key: String,
}
