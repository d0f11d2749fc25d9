import { SgLab } from '../../../contract/sg-harness.ts';
import { transportContract } from '../../../contract/transport.ts';

transportContract('sg, over a driver that is played', (target) => new SgLab(target));
