//! The templates every school has. They can't be changed or removed, only copied.

use super::{Chosen, Column, Dataset, Definition, Filters, Order};

/// A template that comes with Rollcall.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    /// Its name in addresses.
    pub key: &'static str,
    /// As people call it.
    pub name: &'static str,
    dataset: Dataset,
    columns: &'static [(Column, &'static str)],
    order: Order,
    kind: Option<&'static str>,
}

impl BuiltIn {
    /// What it makes.
    pub fn definition(&self) -> Definition {
        let columns = self.columns.iter();
        Definition {
            dataset: self.dataset,
            columns: columns.map(|(column, title)| Chosen::new(*column, title)).collect(),
            order: self.order,
            filters: Filters { kind: self.kind.map(str::to_owned), ..Filters::default() },
        }
    }
}

/// All of them.
pub const BUILT_IN: [BuiltIn; 5] = [
    BuiltIn {
        key: "meeting",
        name: "云视讯导入",
        dataset: Dataset::People,
        columns: &[(Column::Name, "姓名"), (Column::Phone, "手机号"), (Column::Path, "部门")],
        order: Order::Place,
        kind: None,
    },
    BuiltIn {
        key: "province",
        name: "省平台名单",
        dataset: Dataset::People,
        columns: &[
            (Column::Index, "序号"),
            (Column::Name, "姓名"),
            (Column::Number, "学号"),
            (Column::College, "院系"),
            (Column::Major, "专业"),
            (Column::Year, "入学年份"),
            (Column::Place, "班级"),
            (Column::Phone, "联系电话"),
            (Column::Since, "入学日期"),
            (Column::Blank, "备注"),
        ],
        order: Order::Place,
        kind: Some("student"),
    },
    BuiltIn {
        key: "class-list",
        name: "班级名单",
        dataset: Dataset::People,
        columns: &[
            (Column::Index, "序号"),
            (Column::Number, "学号"),
            (Column::Name, "姓名"),
            (Column::Place, "班级"),
            (Column::Blank, "签名"),
        ],
        order: Order::Number,
        kind: Some("student"),
    },
    BuiltIn {
        key: "not-activated",
        name: "未激活名单",
        dataset: Dataset::Registration,
        columns: &[
            (Column::Index, "序号"),
            (Column::Number, "学工号"),
            (Column::Name, "姓名"),
            (Column::College, "学院"),
            (Column::Place, "班级或部门"),
            (Column::Phone, "联系电话"),
            (Column::Activation, "未激活原因"),
        ],
        order: Order::Place,
        kind: None,
    },
    BuiltIn {
        key: "classes",
        name: "班级一览",
        dataset: Dataset::Classes,
        columns: &[
            (Column::Index, "序号"),
            (Column::College, "学院"),
            (Column::Grade, "年级"),
            (Column::Place, "班级"),
            (Column::Counsellors, "辅导员"),
            (Column::Students, "学生人数"),
            (Column::Activated, "已激活"),
            (Column::Rate, "激活率（%）"),
        ],
        order: Order::Place,
        kind: None,
    },
];
