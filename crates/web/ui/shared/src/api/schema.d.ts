// The server's JSON API, in the shape `openapi-typescript` writes (`npm run api`).
// Written by hand until docs/openapi.json exists.

type Json<T> = { headers: Record<string, unknown>; content: { 'application/json': T } };
type Empty = { headers: Record<string, unknown>; content?: never };
type Refused = { headers: Record<string, unknown>; content: { 'application/problem+json': components['schemas']['Problem'] } };
type None = { query?: never; header?: never; path?: never; cookie?: never };
type Item = { parameters: None; get?: never; put?: never; post?: never; delete?: never; options?: never; head?: never; patch?: never; trace?: never };
type AtPath<Path> = [Path] extends [never] ? { path?: never } : { path: Path };
type Read<T, Query = never, Path = never> = {
  parameters: { query?: Query; header?: never; cookie?: never } & AtPath<Path>;
  requestBody?: never;
  responses: { 200: Json<T>; 401: Refused };
};
type Write<Body, Responses, Path = never> = {
  parameters: { query?: never; header: { 'Idempotency-Key': string }; cookie?: never } & AtPath<Path>;
  requestBody: { content: { 'application/json': Body } };
  responses: Responses & { 401: Refused };
};
type Keyset = { cursor?: string; limit?: number };
type Page<T> = { items: T[]; next_cursor: string | null };

export interface paths {
  '/api/v1/me': Omit<Item, 'get'> & { get: Read<components['schemas']['Me']> };
  '/api/v1/forms': Omit<Item, 'get'> & { get: Read<{ items: components['schemas']['FormToday'][] }> };
  '/api/v1/forms/{code}': Omit<Item, 'get'> & { get: Read<components['schemas']['Form'], never, { code: string }> };
  '/api/v1/reports': Omit<Item, 'get' | 'post'> & {
    get: Read<Page<components['schemas']['Report']>, Keyset & { form: string }>;
    post: Write<components['schemas']['NewReport'], { 200: Json<components['schemas']['Receipt']>; 201: Json<components['schemas']['Receipt']> }>;
  };
  '/api/v1/reports/{receipt}/revisions': Omit<Item, 'get'> & {
    get: Read<{ items: components['schemas']['Revision'][] }, never, { receipt: string }>;
  };
  '/api/v1/statistics/{form}': Omit<Item, 'get'> & {
    get: Read<components['schemas']['Statistics'], { day?: string; by?: 'college' | 'grade' | 'class'; department?: number }, { form: string }>;
  };
  '/api/v1/statistics/{form}/people': Omit<Item, 'get'> & {
    get: Read<
      Page<components['schemas']['PersonRow']>,
      Keyset & { day?: string; department?: number; state: components['schemas']['PeopleState'] },
      { form: string }
    >;
  };
  '/api/v1/unreported/{form}': Omit<Item, 'get'> & {
    get: Read<components['schemas']['Unreported'], Keyset & { day?: string; department?: number }, { form: string }>;
  };
  '/api/v1/people/{id}/phone': Omit<Item, 'post'> & {
    post: Write<{ purpose: 'call' }, { 200: Json<components['schemas']['Phone']> }, { id: number }>;
  };
  '/api/v1/reminders': Omit<Item, 'post'> & {
    post: Write<components['schemas']['NewReminders'], { 202: Json<{ round: number; planned: number }> }>;
  };
  '/api/v1/reminders/{round}': Omit<Item, 'get'> & {
    get: Read<components['schemas']['Round'], Keyset, { round: number }>;
  };
  '/api/v1/reminder-rules': Omit<Item, 'get'> & {
    get: Read<{ items: components['schemas']['ReminderRule'][] }, { form: string }>;
  };
  '/api/v1/sync-runs': Omit<Item, 'get' | 'post'> & {
    get: Read<Page<components['schemas']['SyncRun']>, Keyset>;
    post: Omit<Write<never, { 202: Json<{ queued: boolean }> }>, 'requestBody'> & { requestBody?: never };
  };
  '/api/v1/sync-runs/{id}': Omit<Item, 'get'> & {
    get: Read<components['schemas']['SyncRunDetail'], never, { id: number }>;
  };
  '/api/v1/sync-runs/{id}/approval': Omit<Item, 'post' | 'delete'> & {
    post: Write<{ digest: string }, { 202: Empty }, { id: number }>;
    delete: Omit<Write<never, { 204: Empty }, { id: number }>, 'requestBody'> & { requestBody?: never };
  };
  '/api/v1/access-log': Omit<Item, 'get'> & { get: Read<Page<components['schemas']['AccessLogEntry']>, Keyset> };
}

export interface components {
  schemas: {
    Problem: {
      type: string;
      title: string;
      status: number;
      code?: string;
      detail?: string;
      errors?: { field: string; message: string }[];
    };
    Department: { id: number; name: string };
    Role:
      | 'class_assistant'
      | 'counsellor'
      | 'college_leader'
      | 'college_office'
      | 'department_head'
      | 'school_office'
      | 'school_leader'
      | 'administrator'
      | 'auditor';
    Me: {
      userid: string;
      name: string;
      person: null | {
        number: string;
        name: string;
        kind: 'student' | 'staff';
        class: components['schemas']['Department'] | null;
        college: components['schemas']['Department'] | null;
      };
      grants: { role: components['schemas']['Role']; department: components['schemas']['Department']; until: string }[];
      may: { see_unreported: boolean; see_statistics: boolean; remind: boolean; administer: boolean };
      school: { name: string; time_zone: string };
      today: string;
    };
    FormToday: {
      code: string;
      title: string;
      day: string;
      opens_at: string;
      closes_at: string;
      state: 'unreported' | 'reported' | 'exempt' | 'not_expected';
      receipt: components['schemas']['Receipt'] | null;
    };
    Receipt: {
      form: string;
      day: string;
      receipt: string;
      revision: number;
      state: 'normal' | 'abnormal';
      submitted_at: string;
      revised_at: string;
    };
    Form: {
      code: string;
      title: string;
      version: number;
      day: string;
      opens_at: string;
      closes_at: string;
      state: 'unreported' | 'reported' | 'exempt' | 'not_expected';
      purpose: string;
      fields: components['schemas']['Field'][];
      answers: Record<string, unknown>;
      carried: string[];
      receipt: components['schemas']['Receipt'] | null;
    };
    Field: {
      name: string;
      title: string;
      help?: string;
      kind: 'number' | 'choice' | 'choices' | 'text' | 'boolean';
      required: boolean;
      unit?: string;
      minimum?: number;
      maximum?: number;
      decimals?: number;
      max_length?: number;
      choices?: { value: string; title: string }[];
      sensitive: boolean;
      carry_over: 'prefill' | 'ask' | 'never';
      show_if?: components['schemas']['Condition'];
    };
    Condition: { field: string; equals?: unknown; one_of?: unknown[]; at_least?: number; at_most?: number };
    NewReport: { form: string; version: number; answers: Record<string, unknown>; day?: string };
    Report: components['schemas']['Receipt'] & { answers: Record<string, unknown>; version: number };
    Revision: { revision: number; at: string; answers: Record<string, unknown>; state: 'normal' | 'abnormal' };
    Statistics: {
      form: string;
      day: string;
      by: 'college' | 'grade' | 'class';
      cutoff: string;
      as_of: string;
      rows: components['schemas']['Row'][];
      total: components['schemas']['Row'];
    };
    Row: {
      department: components['schemas']['Department'] | null;
      expected: number;
      reported: number;
      unreported: number;
      normal: number;
      abnormal: number;
    };
    PeopleState: 'expected' | 'reported' | 'unreported' | 'normal' | 'abnormal';
    PersonRow: {
      id: number;
      number: string;
      name: string;
      class: components['schemas']['Department'] | null;
      college: components['schemas']['Department'] | null;
      state: 'unreported' | 'normal' | 'abnormal';
      revised_at: string | null;
    };
    Unreported: {
      form: string;
      day: string;
      as_of: string;
      expected: number;
      total: number;
      items: components['schemas']['UnreportedRow'][];
      next_cursor: string | null;
    };
    UnreportedRow: {
      id: number;
      number: string;
      name: string;
      class: components['schemas']['Department'] | null;
      phone_masked: string | null;
      reachable: boolean;
      last_reminder: { at: string; state: components['schemas']['ReminderState'] } | null;
    };
    ReminderState:
      | 'waiting'
      | 'frozen'
      | 'sent'
      | 'invalid'
      | 'unlicensed'
      | 'skipped'
      | 'expired'
      | 'unknown'
      | 'failed'
      | 'unreachable';
    Phone: { phone: string; shown_for_seconds: number };
    NewReminders: { form: string; people?: number[]; department?: number };
    Round: {
      round: number;
      form: string;
      day: string;
      planned_at: string;
      counts: Partial<Record<components['schemas']['ReminderState'], number>>;
      items: { id: number; name: string; state: components['schemas']['ReminderState']; at: string }[];
      next_cursor: string | null;
    };
    ReminderRule: { id: number; name: string; form: string; at_times: string[]; wording: string; enabled: boolean };
    SyncRun: {
      id: number;
      trigger: 'boot' | 'schedule' | 'command' | 'event' | 'approval';
      state: 'running' | 'applied' | 'held' | 'failed' | 'discarded';
      started_at: string;
      finished_at: string | null;
      departments_seen: number;
      members_seen: number;
      members_not_visible: number;
      rows_added: number;
      rows_changed: number;
      rows_closed: number;
      rows_held: number;
      held_digest: string | null;
      reason: string | null;
    };
    SyncRunDetail: components['schemas']['SyncRun'] & { held: { kind: string; subject: string; name: string }[] };
    AccessLogEntry: { at: string; viewer: string; field: string; purpose: string };
  };
}
