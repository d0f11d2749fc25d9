import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectPmi, pmiEnvironment } from './connect.ts';
import type { Wire } from './wire.ts';

/** A process manager that knows what it will be asked: each line is what must come, then what it answers. */
class Script implements Wire {
  readonly #rest: (readonly [asked: string, answered: string])[];
  #answers = '';

  constructor(...talk: (readonly [asked: string, answered: string])[]) {
    this.#rest = talk;
  }

  write(text: string): void {
    const [asked, answered] = this.#rest.shift() ?? ['nothing more', ''];
    assert.equal(text, asked);
    this.#answers += answered;
  }

  readLine(): string {
    return this.read(this.#answers.indexOf('\n') + 1).slice(0, -1);
  }

  read(bytes: number): string {
    const text = this.#answers.slice(0, bytes);
    assert.equal(text.length, bytes, 'it waits for what never comes');
    this.#answers = this.#answers.slice(bytes);
    return text;
  }

  /** All was asked, all was read. */
  over(): void {
    assert.deepEqual([this.#rest, this.#answers], [[], '']);
  }
}

const init2 = 'cmd=init pmi_version=2 pmi_subversion=0\n';
const init1 = 'cmd=init pmi_version=1 pmi_subversion=1\n';
const slurm = { fd: 9, rank: 1, size: 2, job: '1.0' };
const hydra = { fd: 9, rank: 1, size: 2, job: undefined };
/** As Slurm 22.05 answers. */
const joined = [
  [init2, 'cmd=response_to_init rc=0 pmi_version=2 pmi_subversion=0\n'],
  [
    '    51cmd=fullinit;pmijobid=1.0;pmirank=1;threaded=FALSE;',
    '114   cmd=fullinit-response;rc=0;pmi-version=2;pmi-subversion=0;rank=1;size=2;appnum=-1;debugged=FALSE;pmiverbose=FALSE;',
  ],
  ['    14cmd=job-getid;', '38    cmd=job-getid-response;rc=0;jobid=1.0;'],
] as const;

describe('a process manager', () => {
  it('speaks PMI-2 to the end, as Slurm does', () => {
    const wire = new Script(
      ...joined,
      ['    26cmd=kvs-put;key=a;value=b;', '26    cmd=kvs-put-response;rc=0;'],
      ['    14cmd=kvs-fence;', '28    cmd=kvs-fence-response;rc=0;'],
      [
        '    37cmd=kvs-get;jobid=1.0;srcid=-1;key=a;',
        '47    cmd=kvs-get-response;rc=0;found=TRUE;value=x=1;',
      ],
      ['    37cmd=kvs-get;jobid=1.0;srcid=-1;key=z;', '38    cmd=kvs-get-response;rc=0;found=FALSE;'],
      ['    13cmd=finalize;', '27    cmd=finalize-response;rc=0;'],
      ['    41cmd=abort;isworld=TRUE;msg=it, was wrong;', ''],
    );
    const manager = connectPmi(slurm, wire);
    assert.deepEqual([manager.rank, manager.size, manager.job], [1, 2, '1.0']);
    manager.put('a', 'b');
    manager.fence();
    assert.deepEqual([manager.get('a'), manager.get('z')], ['x=1', undefined]);
    manager.finalize();
    manager.abort(3, 'it; was wrong');
    wire.over();
  });

  it('speaks PMI-1 to the end, as Hydra does', () => {
    const wire = new Script(
      [init1, 'cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0\n'],
      ['cmd=get_my_kvsname\n', 'cmd=my_kvsname kvsname=kvs_1\n'],
      ['cmd=put kvsname=kvs_1 key=a value=b\n', 'cmd=put_result rc=0 msg=success\n'],
      ['cmd=barrier_in\n', 'cmd=barrier_out\n'],
      ['cmd=get kvsname=kvs_1 key=a\n', 'cmd=get_result rc=0 msg=success value=b\n'],
      ['cmd=get kvsname=kvs_1 key=z\n', 'cmd=get_result rc=-1 msg=key_z_not_found value=unknown\n'],
      ['cmd=finalize\n', 'cmd=finalize_ack\n'],
      ['cmd=abort exitcode=3\n', ''],
    );
    const manager = connectPmi(hydra, wire);
    assert.deepEqual([manager.rank, manager.size, manager.job], [1, 2, 'kvs_1']);
    manager.put('a', 'b');
    manager.fence();
    assert.deepEqual([manager.get('a'), manager.get('z')], ['b', undefined]);
    manager.finalize();
    manager.abort(3, 'why');
    wire.over();
  });

  it('is asked for the other version when it refuses the one', () => {
    const refused = 'cmd=response_to_init rc=-1 pmi_version=1 pmi_subversion=1\n';
    const wire = new Script(
      [init2, refused],
      [init1, 'cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0\n'],
      ['cmd=get_my_kvsname\n', 'cmd=my_kvsname kvsname=kvs_1\n'],
    );
    assert.equal(connectPmi(slurm, wire).job, 'kvs_1');
    wire.over();
    assert.throws(() => connectPmi(slurm, new Script([init2, refused], [init1, refused])), /neither version/);
  });

  it('that breaks its own rules is an error with what it said', () => {
    const fails = (last: readonly [string, string], message: RegExp) =>
      assert.throws(() => connectPmi(slurm, new Script(...joined.slice(0, 2), last)), message);
    fails(['    14cmd=job-getid;', 'abc   '], /"abc {3}" is no length/);
    fails(['    14cmd=job-getid;', '     4rc=0'], /asked job-getid, got rc=0/);
    fails(
      ['    14cmd=job-getid;', '    45cmd=job-getid-response;rc=7;errmsg=no,thanks;'],
      /refused.*errmsg=no,thanks/,
    );
    fails(
      ['    14cmd=job-getid;', '    27cmd=job-getid-response;rc=0'.padEnd(33, ';')],
      /gave the job no name/,
    );
    assert.throws(() => connectPmi(hydra, new Script([init1, 'who are you?\n'])), /asked init, got nothing/);
  });

  it('is found in the environment', () => {
    assert.equal(pmiEnvironment({ PMI_RANK: '0' }), undefined);
    assert.deepEqual(pmiEnvironment({ PMI_FD: '9', PMI_RANK: '1', PMI_SIZE: '2' }), hydra);
    assert.deepEqual(pmiEnvironment({ PMI_FD: '9', PMI_RANK: '1', PMI_SIZE: '2', PMI_JOBID: '1.0' }), slurm);
    assert.throws(() => pmiEnvironment({ PMI_PORT: 'host:1', PMI_ID: '0' }), /start without -pmi-port/);
  });
});
