//! Statements in our own SQL that Postgres prepares once per connection.
//!
//! `diesel::sql_query` is parsed and planned anew at every call, which on the hottest path (a report, 64 at once) costs more than
//! the work itself. Diesel keeps the prepared statement of any other query by its text. So the parameters are named once, in
//! order, in a comment in front, where diesel writes its placeholders, and the statement itself names them as it likes.

use diesel::{
    IntoSql,
    expression::{AsExpression, TypedExpressionType},
    pg::Pg,
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{SqlType, Untyped},
};

/// A statement with its parameters bound, `$1` first.
pub struct Prepared<'a> {
    sql: &'a str,
    values: Vec<Box<dyn QueryFragment<Pg> + Send + 'a>>,
}

/// A statement of this text. As there are few texts, none is made at run time.
pub fn prepared(sql: &str) -> Prepared<'_> {
    Prepared { sql, values: Vec::new() }
}

impl<'a> Prepared<'a> {
    /// Binds the next parameter, of the SQL type `T`.
    pub fn bind<T, V>(mut self, value: V) -> Self
    where
        T: SqlType + TypedExpressionType,
        V: AsExpression<T>,
        V::Expression: QueryFragment<Pg> + Send + 'a,
    {
        self.values.push(Box::new(value.into_sql::<T>()));
        self
    }
}

impl QueryFragment<Pg> for Prepared<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("/* ");
        for value in &self.values {
            value.walk_ast(out.reborrow())?;
            out.push_sql(" ");
        }
        out.push_sql("*/ ");
        out.push_sql(self.sql);
        Ok(())
    }
}

impl QueryId for Prepared<'_> {
    type QueryId = ();
    // Told apart by their texts.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Prepared<'_> {
    type SqlType = Untyped;
}
