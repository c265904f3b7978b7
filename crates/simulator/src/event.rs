//! What WeCom tells a server by callback: the inner XML of the events (docs 90240 and 90970).

use std::collections::BTreeMap;

use serde::Serialize;

/// Which of the two addresses an event goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Receiver {
    /// The self-built app's.
    App,
    /// The contacts-sync assistant's.
    Contacts,
}

/// An event about to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where to.
    pub receiver: Receiver,
    /// `Event`, or `ChangeType` for a change of the directory.
    pub name: &'static str,
    /// User id or department id that it is about.
    pub subject: String,
    /// `event`, or the kind of a member's message.
    msgtype: &'static str,
    /// What follows the elements that all have.
    body: String,
}

impl Event {
    /// A member came into the app's range, or joined within it.
    pub fn subscribe(userid: &str, agentid: u32) -> Self {
        Self::of_app("subscribe", userid, agentid)
    }

    /// A member left the app's range or the corp, or was disabled.
    pub fn unsubscribe(userid: &str, agentid: u32) -> Self {
        Self::of_app("unsubscribe", userid, agentid)
    }

    /// A member opened the app.
    pub fn enter_agent(userid: &str, agentid: u32) -> Self {
        Self::of_app("enter_agent", userid, agentid)
    }

    /// A member wrote to the app (doc 90239).
    pub fn text(userid: &str, agentid: u32, content: &str, msgid: u64) -> Self {
        let body = format!(
            "<Content>{}</Content><MsgId>{msgid}</MsgId><AgentID>{agentid}</AgentID>",
            cdata(content)
        );
        Self { receiver: Receiver::App, name: "text", subject: userid.into(), msgtype: "text", body }
    }

    /// A member tapped a card's button (`template_card_event`) or an entry of its menu (`template_card_menu_event`).
    #[expect(clippy::too_many_arguments, reason = "the elements of the event, one by one")]
    pub fn template_card(
        name: &'static str,
        userid: &str,
        agentid: u32,
        key: &str,
        task_id: &str,
        card_type: &str,
        response_code: &str,
        selected: &BTreeMap<String, Vec<String>>,
    ) -> Self {
        let option = |id: &String| format!("<OptionId>{}</OptionId>", cdata(id));
        let item = |(question, options): (&String, &Vec<String>)| {
            format!(
                "<SelectedItem><QuestionKey>{}</QuestionKey><OptionIds>{}</OptionIds></SelectedItem>",
                cdata(question),
                options.iter().map(option).collect::<String>()
            )
        };
        let items: String = selected.iter().map(item).collect();
        let items = if items.is_empty() { items } else { format!("<SelectedItems>{items}</SelectedItems>") };
        let body = format!(
            "<Event><![CDATA[{name}]]></Event><EventKey>{}</EventKey><TaskId>{}</TaskId><CardType>{}</CardType>\
             <ResponseCode>{}</ResponseCode><AgentID>{agentid}</AgentID>{items}",
            cdata(key),
            cdata(task_id),
            cdata(card_type),
            cdata(response_code),
        );
        Self { receiver: Receiver::App, name, subject: userid.into(), msgtype: "event", body }
    }

    fn of_app(name: &'static str, userid: &str, agentid: u32) -> Self {
        let body = format!(
            "<Event><![CDATA[{name}]]></Event>\
             <EventKey><![CDATA[]]></EventKey>\
             <AgentID>{agentid}</AgentID>"
        );
        Self { receiver: Receiver::App, name, subject: userid.into(), msgtype: "event", body }
    }

    /// A new member, ids only.
    pub fn create_user(userid: &str, departments: &[u32]) -> Self {
        Self::of_contacts(
            "create_user",
            userid,
            format!(
                "<UserID>{}</UserID><Department>{}</Department>",
                cdata(userid),
                cdata(&list(departments))
            ),
        )
    }

    /// A member in other departments, leading other ones, or under another user id.
    pub fn update_user(userid: &str, departments: &[u32], new_userid: Option<&str>) -> Self {
        let renamed =
            new_userid.map_or_else(String::new, |new| format!("<NewUserID>{}</NewUserID>", cdata(new)));
        Self::of_contacts(
            "update_user",
            userid,
            format!(
                "<UserID>{}</UserID>{renamed}<Department>{}</Department>",
                cdata(userid),
                cdata(&list(departments))
            ),
        )
    }

    /// A member deleted.
    pub fn delete_user(userid: &str) -> Self {
        Self::of_contacts("delete_user", userid, format!("<UserID>{}</UserID>", cdata(userid)))
    }

    /// A new department, ids only.
    pub fn create_party(id: u32, parent: u32) -> Self {
        Self::of_contacts(
            "create_party",
            &id.to_string(),
            // The official samples write ParentId as CDATA here and plainly elsewhere.
            format!("<Id>{id}</Id><ParentId>{}</ParentId>", cdata(&parent.to_string())),
        )
    }

    /// A department below another parent. Only that is told: a new name isn't.
    pub fn update_party(id: u32, parent: u32) -> Self {
        Self::of_contacts(
            "update_party",
            &id.to_string(),
            format!("<Id>{id}</Id><ParentId>{parent}</ParentId>"),
        )
    }

    /// A department deleted.
    pub fn delete_party(id: u32) -> Self {
        Self::of_contacts("delete_party", &id.to_string(), format!("<Id>{id}</Id>"))
    }

    /// A tag's members and departments changed.
    pub fn update_tag(id: u32, users: [&[String]; 2], parties: [&[u32]; 2]) -> Self {
        let [added, removed] = users.map(|users| users.join(","));
        let [added_parties, removed_parties] = parties.map(list);
        let items = [
            ("AddUserItems", added),
            ("DelUserItems", removed),
            ("AddPartyItems", added_parties),
            ("DelPartyItems", removed_parties),
        ];
        let items: String = items
            .iter()
            .filter(|(_, items)| !items.is_empty())
            .map(|(name, items)| format!("<{name}>{}</{name}>", cdata(items)))
            .collect();
        Self::of_contacts("update_tag", &id.to_string(), format!("<TagId>{id}</TagId>{items}"))
    }

    /// A member tapped the app's menu: `click` with its key, `view` with its address.
    pub fn menu(name: &'static str, userid: &str, agentid: u32, key: &str) -> Self {
        let body = format!(
            "<Event><![CDATA[{name}]]></Event><EventKey>{}</EventKey><AgentID>{agentid}</AgentID>",
            cdata(key)
        );
        Self { receiver: Receiver::App, name, subject: userid.into(), msgtype: "event", body }
    }

    /// An import is done (doc 90240); told to the assistant, who began it.
    pub fn batch_job(id: &str, kind: &'static str) -> Self {
        let body = format!(
            "<Event><![CDATA[batch_job_result]]></Event><BatchJob><JobId>{}</JobId><JobType>{}</JobType>\
             <ErrCode>0</ErrCode><ErrMsg><![CDATA[ok]]></ErrMsg></BatchJob>",
            cdata(id),
            cdata(kind),
        );
        let name = "batch_job_result";
        Self { receiver: Receiver::Contacts, name, subject: id.into(), msgtype: "event", body }
    }

    /// An application has another status (sys_approval_change). It comes where the console's 审批 was given the app's address.
    pub fn approval(sp_no: &str, status: u64, template: &str, userid: &str, asked: i64) -> Self {
        let body = format!(
            "<Event><![CDATA[sys_approval_change]]></Event><AgentID>3010040</AgentID><ApprovalInfo><SpNo>{sp_no}</SpNo>\
             <SpName>{}</SpName><SpStatus>{status}</SpStatus><TemplateId>{}</TemplateId><ApplyTime>{asked}</ApplyTime>\
             <Applyer><UserId>{}</UserId></Applyer></ApprovalInfo>",
            cdata("学生请假"),
            cdata(template),
            cdata(userid),
        );
        let name = "sys_approval_change";
        Self { receiver: Receiver::App, name, subject: userid.into(), msgtype: "event", body }
    }

    fn of_contacts(change: &'static str, subject: &str, body: String) -> Self {
        let body =
            format!("<Event><![CDATA[change_contact]]></Event><ChangeType>{change}</ChangeType>{body}");
        Self { receiver: Receiver::Contacts, name: change, subject: subject.into(), msgtype: "event", body }
    }

    /// The inner XML, complete. `created` in Unix seconds.
    pub fn xml(&self, corp_id: &str, created: i64) -> String {
        let from = match self.receiver {
            Receiver::App => self.subject.as_str(),
            Receiver::Contacts => "sys",
        };
        format!(
            "<xml><ToUserName>{}</ToUserName><FromUserName>{}</FromUserName><CreateTime>{created}</CreateTime>\
             <MsgType>{}</MsgType>{}</xml>",
            cdata(corp_id),
            cdata(from),
            cdata(self.msgtype),
            self.body
        )
    }
}

fn list(departments: &[u32]) -> String {
    departments.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

/// Text as CDATA; one that ends a section is split over two.
pub fn cdata(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}
