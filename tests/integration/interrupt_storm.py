import random, signal, sys, faulthandler
from contextlib import closing
from orchestrator.errors import WrongReport
from orchestrator.runners.client import Client
from tests.builders.runners import small_spec
faulthandler.dump_traceback_later(100, exit=True)
def strike(*_): raise KeyboardInterrupt
signal.signal(signal.SIGALRM, strike)
address=sys.argv[1]; N=int(sys.argv[2]); kind=sys.argv[3]
r=random.Random(int(sys.argv[4]) if len(sys.argv)>4 else 1)
with closing(Client("pytorch", address)) as client:
    job=client.train(client.validate(small_spec()), "")
    for e in client.watch(job.job_id): pass
    done=0
    def once():
        global done
        try:
            signal.setitimer(signal.ITIMER_REAL, r.uniform(1e-4, 4e-3))
            while True:
                if kind=='unary': client.job(job.job_id)
                else:
                    for e in client.watch(job.job_id): pass
                done+=1
        except WrongReport:
            client._wire.gates.__init__('pytorch', address)
            signal.setitimer(signal.ITIMER_REAL, 0)
    for n in range(N):
        if n % 250 == 0: print(n, flush=True)
        try: once()
        except KeyboardInterrupt: pass
    signal.setitimer(signal.ITIMER_REAL, 0)
    print('done',done)
